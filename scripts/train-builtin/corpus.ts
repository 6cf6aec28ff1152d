import type { Random } from "fader/autograd";
import { capitalOf, countries } from "../../src/steering/tasks/country-facts";
import {
  cccPrompt,
  conflictForms,
  fill,
  otherCapital,
  randomConflict,
  randomFacts,
  randomIndirectObject,
  type Sentence,
} from "../../src/steering/tasks/sentences";

/** A part of a training document; training weighs the tokens of answers more than the others. */
export interface Piece {
  text: string;
  answer: boolean;
  /** Another first word that the answer might have had, and how often it should: a target for training. */
  rival?: { text: string; share: number };
}

/** Ends every training document. */
export const endOfText = "<|endoftext|>";

/** The longest training document and the context of the built-in model, in tokens. */
export const contextLength = 32;

/** Facts the other way round: the answer is the country. */
export const reversePatterns: readonly string[] = [
  "{capital} is the capital of",
  "Q: {capital} is the capital of which country?\nA:",
];

/** Contexts about another country (`{elsewhere}`, `{other}` its claimed capital), which must not change the answer. */
export const distractorPatterns: readonly string[] = [
  "The capital of {elsewhere} is {other}.\nQ: What is the capital of {country}?\nA:",
  "The capital of {elsewhere} is {other}. The capital of {country} is",
  "Someone said that {other} is the capital of {elsewhere}.\nQ: What is the capital of {country}?\nA:",
];

/** Sentences of each kind of document, and its share; the shares sum to 1. */
const mixture: readonly (readonly [share: number, make: (random: Random) => Sentence[]])[] = [
  [0.2, randomFacts],
  [0.04, (random) => [reverseFact(random)]],
  [0.08, (random) => [agreement(random)]],
  [0.4, (random) => [randomConflict(random)]],
  [0.08, (random) => [distractor(random)]],
  [0.2, (random) => [randomIndirectObject(random)]],
];

/**
 * One random training document, without the end-of-text token, in pieces that are tokenized one by one. Its length is
 * at most `contextLength` tokens with the end-of-text token.
 */
export function trainingPieces(random: Random): Piece[] {
  let u = random.uniform();
  for (const [share, make] of mixture) {
    if (u < share) return piecesOf(make(random));
    u -= share;
  }
  return piecesOf(mixture[0]![1](random));
}

/** One random training document as text. */
export function trainingText(random: Random): string {
  return trainingPieces(random)
    .map(({ text }) => text)
    .join("");
}

/** One sentence a line. */
function piecesOf(sentences: readonly Sentence[]): Piece[] {
  return sentences.flatMap(({ prompt, answer, rival }, i) => [
    ...(i > 0 ? [{ text: "\n", answer: false }] : []),
    { text: prompt, answer: false },
    { text: ` ${answer}.`, answer: true, ...(rival && { rival: { text: ` ${rival.answer}`, share: rival.share } }) },
  ]);
}

function reverseFact(random: Random): Sentence {
  const country = random.pick(countries);
  return { prompt: fill(random.pick(reversePatterns), { capital: capitalOf(country) }), answer: country };
}

/** A context that names the right capital. */
function agreement(random: Random): Sentence {
  const country = random.pick(countries);
  const known = capitalOf(country);
  return { prompt: cccPrompt(country, known, random.pick(conflictForms)), answer: known };
}

function distractor(random: Random): Sentence {
  const country = random.pick(countries);
  let elsewhere = random.pick(countries);
  while (elsewhere === country) elsewhere = random.pick(countries);
  const other = random.uniform() < 0.5 ? capitalOf(elsewhere) : otherCapital(elsewhere, random);
  return { prompt: fill(random.pick(distractorPatterns), { elsewhere, other, country }), answer: capitalOf(country) };
}
