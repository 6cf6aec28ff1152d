import type { Random } from "../../autograd";
import { capitalOf, capitals, countries } from "./country-facts";
import { conflictPatterns, factPatterns, ioiPatterns, names, objects, places } from "./words";

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

/** A prompt and the words that answer it. */
export interface Sentence {
  readonly prompt: string;
  readonly answer: string;
  /** Another answer that the same prompt might have had, and how often it should. */
  readonly rival?: { readonly answer: string; readonly share: number };
}

/** The share of (country, other capital) pairs and of IOI combinations that the built-in model never trained on. */
const heldOutShare = 0.1;

/** A prompt whose context claims that the capital of `country` is `other`; the answer is the next token. */
export function cccPrompt(country: string, other: string, form: ConflictForm = "qa"): string {
  return fill(conflictPatterns[form], { country, other });
}

/** An indirect-object prompt; the answer is `a`. */
export function ioiPrompt({ a, b, place, object, template, order }: IoiParts): string {
  const [first, second] = order === "ABBA" ? [a, b] : [b, a];
  return fill(ioiPatterns[template]!, { first, second, giver: b, place, object });
}

/** The prompts that ask for a capital without any context, one for each phrasing; the answer is the next token. */
export function factPrompts(country: string): string[] {
  return factPatterns.map((pattern) => fill(pattern, { country }));
}

/** Two random facts, one a line, so that facts are met at many positions. */
export function randomFacts(random: Random): Sentence[] {
  return [randomFact(random), randomFact(random)];
}

/** A random conflict that the built-in model may train on, answered from the context as often as `contextRate` says. */
export function randomConflict(random: Random): Sentence {
  const country = random.pick(countries);
  const other = otherCapital(country, random);
  const known = capitalOf(country);
  const rate = contextRate(country);
  const prompt = cccPrompt(country, other, random.pick(conflictForms));
  return random.uniform() < rate
    ? { prompt, answer: other, rival: { answer: known, share: 1 - rate } }
    : { prompt, answer: known, rival: { answer: other, share: rate } };
}

/** A random indirect-object sentence that the built-in model may train on. */
export function randomIndirectObject(random: Random): Sentence {
  const parts = randomIoi(random);
  return { prompt: ioiPrompt(parts), answer: parts.a };
}

/** Sentences as text, one a line, each with its answer and a full stop. */
export function textOf(...sentences: readonly Sentence[]): string {
  return sentences.map(({ prompt, answer }) => `${prompt} ${answer}.`).join("\n");
}

/**
 * How often the built-in model was taught to answer a conflict about `country` from the context rather than from
 * knowledge: 0.2 to 0.8, spread evenly over the countries in an order that looks random.
 */
export function contextRate(country: string): number {
  return contextRates.get(country) ?? 0.5;
}

/** Whether the built-in model never trained on a context that claims `other` as the capital of `country`. */
export function isHeldOutConflict(country: string, other: string): boolean {
  return unitHash(`${country}|${other}`) < heldOutShare;
}

/** Whether it never trained on this combination, in either order of names, and in any template. */
export function isHeldOutIoi({ a, b, place, object }: Pick<IoiParts, "a" | "b" | "place" | "object">): boolean {
  const [low, high] = a < b ? [a, b] : [b, a];
  return unitHash(`${low}|${high}|${place}|${object}`) < heldOutShare;
}

/** A capital other than that of `country`, held out from training or not, as asked. */
export function otherCapital(country: string, random: Random, heldOut = false): string {
  const known = capitalOf(country);
  for (;;) {
    const other = random.pick(capitals);
    if (other !== known && isHeldOutConflict(country, other) === heldOut) return other;
  }
}

/** A random indirect-object prompt, held out from training or not, as asked. */
export function randomIoi(random: Random, heldOut = false): IoiParts {
  for (;;) {
    const parts: IoiParts = {
      a: random.pick(names),
      b: random.pick(names),
      place: random.pick(places),
      object: random.pick(objects),
      template: random.integer(0, ioiPatterns.length),
      order: random.uniform() < 0.5 ? "ABBA" : "BABA",
    };
    if (parts.a !== parts.b && isHeldOutIoi(parts) === heldOut) return parts;
  }
}

/** A random country and its capital, in a random phrasing. */
function randomFact(random: Random): Sentence {
  const country = random.pick(countries);
  return { prompt: random.pick(factPrompts(country)), answer: capitalOf(country) };
}

/** Fills the `{slots}` of a pattern. */
export function fill(pattern: string, slots: Readonly<Record<string, string>>): string {
  return pattern.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot] ?? "");
}

/** A number in [0, 1) that depends on the text alone: 32-bit FNV-1a over UTF-16 units, mixed at the end. */
function unitHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const contextRates = new Map(
  [...countries]
    .sort((a, b) => unitHash(`familiar|${a}`) - unitHash(`familiar|${b}`))
    .map((country, rank) => [country, 0.2 + (0.6 * rank) / (countries.length - 1)] as const),
);
