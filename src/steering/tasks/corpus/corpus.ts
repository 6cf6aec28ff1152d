import { capitalOf, capitals, countries } from "./facts";
import {
  conflictPatterns,
  distractorPatterns,
  factPatterns,
  ioiPatterns,
  names,
  objects,
  places,
  reversePatterns,
} from "./words";

/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/** How a country–capital conflict is asked. */
export type ConflictForm = keyof typeof conflictPatterns;

/** All forms of a country–capital conflict. */
export const conflictForms = Object.keys(conflictPatterns) as ConflictForm[];

/** `ABBA`: the receiver is named first; `BABA`: the giver is. */
export type IoiOrder = "ABBA" | "BABA";

/** One indirect-object prompt: `b` gives, so `a` is the answer. `template` counts `ioiPatterns`. */
export interface IoiParts {
  a: string;
  b: string;
  place: string;
  object: string;
  template: number;
  order: IoiOrder;
}

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

/** Share of (country, other capital) pairs and of IOI combinations that the model never trains on. */
const heldOutShare = 0.1;

/** The kinds of training documents. */
const makers = { facts, reverseFact, agreement, conflict, distractor, ioi };
export type DocumentKind = keyof typeof makers;

/** Share of each kind of document; they sum to 1. */
const mixture: readonly (readonly [share: number, make: (random: Random) => Piece[]])[] = [
  [0.2, facts],
  [0.04, reverseFact],
  [0.08, agreement],
  [0.4, conflict],
  [0.08, distractor],
  [0.2, ioi],
];

/**
 * One random training document, without the end-of-text token, in pieces that are tokenized one by one. Its length is
 * at most `contextLength` tokens with the end-of-text token.
 */
export function trainingPieces(random: Random): Piece[] {
  let u = random();
  for (const [share, make] of mixture) {
    if (u < share) return make(random);
    u -= share;
  }
  return facts(random);
}

/** The same as one text. */
export function trainingText(random: Random): string {
  return trainingPieces(random)
    .map(({ text }) => text)
    .join("");
}

/** One random training document of a kind, as text. */
export function documentText(kind: DocumentKind, random: Random): string {
  return makers[kind](random)
    .map(({ text }) => text)
    .join("");
}

/** A prompt whose context claims that the capital of `country` is `other`; the answer is the next token. */
export function cccPrompt(country: string, other: string, form: ConflictForm = "qa"): string {
  return fill(conflictPatterns[form], { country, other });
}

/** An indirect-object prompt; the answer is `a`. */
export function ioiPrompt({ a, b, place, object, template, order }: IoiParts): string {
  const [first, second] = order === "ABBA" ? [a, b] : [b, a];
  const pattern = ioiPatterns[template] as string;
  return fill(pattern, { first, second, giver: b, place, object });
}

/** The prompts that ask for a capital without any context, one per phrasing; the answer is the next token. */
export function factPrompts(country: string): string[] {
  return factPatterns.map((pattern) => fill(pattern, { country }));
}

/**
 * How often training answers a conflict about `country` from the context rather than from knowledge: 0.2 to 0.8,
 * spread evenly over the countries in an order that looks random.
 */
export function contextRate(country: string): number {
  return rates.get(country) ?? 0.5;
}

/** Whether the model never trained on a context that claims `other` as the capital of `country`. */
export function isHeldOutConflict(country: string, other: string): boolean {
  return unitHash(`${country}|${other}`) < heldOutShare;
}

/** Whether the model never trained on this combination, in either order of names, and in any template. */
export function isHeldOutIoi({ a, b, place, object }: Pick<IoiParts, "a" | "b" | "place" | "object">): boolean {
  const [low, high] = a < b ? [a, b] : [b, a];
  return unitHash(`${low}|${high}|${place}|${object}`) < heldOutShare;
}

/** A capital other than that of `country`, held out from training or not, as asked. */
export function otherCapital(country: string, random: Random, heldOut = false): string {
  const known = capitalOf(country);
  for (;;) {
    const other = pick(capitals, random);
    if (other !== known && isHeldOutConflict(country, other) === heldOut) return other;
  }
}

/** A random IOI prompt, held out from training or not, as asked. */
export function randomIoi(random: Random, heldOut = false): IoiParts {
  for (;;) {
    const parts: IoiParts = {
      a: pick(names, random),
      b: pick(names, random),
      place: pick(places, random),
      object: pick(objects, random),
      template: Math.floor(random() * ioiPatterns.length),
      order: random() < 0.5 ? "ABBA" : "BABA",
    };
    if (parts.a !== parts.b && isHeldOutIoi(parts) === heldOut) return parts;
  }
}

/** Two facts, one per line, so that facts are met at many positions. */
function facts(random: Random): Piece[] {
  const [first, second] = [randomFact(random), randomFact(random)];
  return [...first, { text: "\n", answer: false }, ...second];
}

function randomFact(random: Random): Piece[] {
  const country = pick(countries, random);
  return document(pick(factPrompts(country), random), capitalOf(country));
}

function reverseFact(random: Random): Piece[] {
  const country = pick(countries, random);
  return document(fill(pick(reversePatterns, random), { capital: capitalOf(country) }), country);
}

function agreement(random: Random): Piece[] {
  const country = pick(countries, random);
  const known = capitalOf(country);
  return document(cccPrompt(country, known, pick(conflictForms, random)), known);
}

function conflict(random: Random): Piece[] {
  const country = pick(countries, random);
  const other = otherCapital(country, random);
  const known = capitalOf(country);
  const rate = contextRate(country);
  const prompt = cccPrompt(country, other, pick(conflictForms, random));
  const [answer, rival, share] = random() < rate ? [other, known, 1 - rate] : [known, other, rate];
  return document(prompt, answer, { text: ` ${rival}`, share });
}

function distractor(random: Random): Piece[] {
  const country = pick(countries, random);
  let elsewhere = pick(countries, random);
  while (elsewhere === country) elsewhere = pick(countries, random);
  const other = random() < 0.5 ? capitalOf(elsewhere) : otherCapital(elsewhere, random);
  return document(fill(pick(distractorPatterns, random), { elsewhere, other, country }), capitalOf(country));
}

function ioi(random: Random): Piece[] {
  const parts = randomIoi(random);
  return document(ioiPrompt(parts), parts.a);
}

function document(prompt: string, answer: string, rival?: Piece["rival"]): Piece[] {
  return [
    { text: prompt, answer: false },
    { text: ` ${answer}.`, answer: true, ...(rival && { rival }) },
  ];
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T;
}

function fill(pattern: string, slots: Record<string, string>): string {
  return pattern.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot] ?? "");
}

/** A number in [0, 1) that depends on the text only: 32-bit FNV-1a over UTF-16 units, mixed at the end. */
function unitHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const rates = new Map(
  [...countries]
    .sort((a, b) => unitHash(`familiar|${a}`) - unitHash(`familiar|${b}`))
    .map((country, rank) => [country, 0.2 + (0.6 * rank) / (countries.length - 1)] as const),
);
