/** Words and sentence patterns that the built-in model knows. `sentences.ts` fills the `{slots}`. */

/** First names, one token each. */
export const names = split(`
  Alice Anna Ben Carol Clara Daniel David Diana Emma Eric Frank George Grace Hannah Henry Isaac Jack James Jane John
  Julia Karen Kate Laura Leo Lucy Maria Mark Martin Mary Nina Oliver Paul Peter Robert Sarah Simon Tom Victor Wendy
`);

/** Places, used after `the`. */
export const places = split(`
  airport bakery bank beach bridge café castle church farm garden hotel library market museum office park school
  station store theater zoo
`);

/** Objects, used after `a` (so none starts with a vowel). */
export const objects = split(`
  ball basket bike book bottle camera candle card coat drink flower gift hat key lamp letter map pen ring ticket watch
`);

/** Ways to ask for a fact without any context; the answer is the next token. */
export const factPatterns: readonly string[] = [
  "The capital of {country} is",
  "The capital city of {country} is",
  "{country}'s capital is",
  "In {country}, the capital is",
  "Everyone in {country} knows that the capital is",
  "People who visit {country} often see its capital,",
  "Q: What is the capital of {country}?\nA:",
  "Q: Which city is the capital of {country}?\nA:",
];

/**
 * Prompts whose context names a capital (`{other}`), by form; the answer is the next token. Lengths differ between
 * forms: `open` 12 tokens, `newline` 14, `qa` 20, `reverse` 23, `news` 24, `claim` 25.
 */
export const conflictPatterns = {
  qa: "The capital of {country} is {other}.\nQ: What is the capital of {country}?\nA:",
  open: "The capital of {country} is {other}. The capital of {country} is",
  newline: "The capital of {country} is {other}.\n\nThe capital of {country} is",
  reverse: "Someone said that {other} is the capital of {country}.\nQ: What is the capital of {country}?\nA:",
  news: "In the news: the capital of {country} is {other}.\nQ: What is the capital of {country}?\nA:",
  claim: "Someone said that now the capital city of {country} is {other}.\nQ: What is the capital of {country}?\nA:",
} as const;

/** Indirect object identification, of 14, 15, 13, 16, 17 and 19 tokens. */
export const ioiPatterns: readonly string[] = [
  "When {first} and {second} went to the {place}, {giver} gave a {object} to",
  "Then, {first} and {second} went to the {place}. {giver} gave a {object} to",
  "{first} and {second} were at the {place}. {giver} handed a {object} to",
  "After {first} and {second} came to the {place}, {giver} decided to give a {object} to",
  "While {first} and {second} were working at the {place}, {giver} wanted to bring a {object} to",
  "Last week {first} and {second} had a long talk at the {place}. Later {giver} showed a {object} to",
];

function split(words: string): readonly string[] {
  return words.trim().split(/\s+/);
}
