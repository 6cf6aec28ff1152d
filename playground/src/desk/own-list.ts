/** A prompt of one's own: what is before the answer, and the two answers. */
export interface OwnPrompt {
  readonly text: string;
  readonly correct: string;
  readonly wrong: string;
  /** Prompts of one group are held out together; by default those with the same answers. */
  readonly group?: string;
}

/** An error in a list, at a line (from 1) or in the whole. */
export interface ListError {
  readonly line?: number;
  readonly problem: string;
}

export interface OwnList {
  readonly prompts: readonly OwnPrompt[];
  readonly errors: readonly ListError[];
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", s: " ", "|": "|", "\\": "\\" };
const letters = new Map(Object.entries(escapes).map(([letter, value]) => [value, `\\${letter}`]));
const parts = ["prompt", "first answer", "second answer", "group"] as const;

/** Reads lines of `prompt | first answer | second answer`, and a group if one likes. Empty lines say nothing. */
export function parseList(text: string): OwnList {
  const prompts: OwnPrompt[] = [];
  const errors: ListError[] = [];
  text.split(/\r?\n/).forEach((content, i) => {
    if (content.trim() === "") return;
    const read = parseLine(content);
    if (typeof read === "string") errors.push({ line: i + 1, problem: read });
    else prompts.push(read);
  });
  if (errors.length === 0) errors.push(...errorsOfAll(prompts));
  return { prompts, errors };
}

/** The prompt of a line, or what is wrong with it. */
function parseLine(content: string): OwnPrompt | string {
  const odd = [...content.matchAll(/\\(.?)/gs)].find(([, letter]) => escapes[letter!] === undefined);
  if (odd !== undefined)
    return `"${odd[0]}" stands for nothing: use \\n for a new line, \\| for a bar, \\\\ for a backslash`;
  const fields = [...`|${content}`.matchAll(/\|((?:\\.|[^\\|])*)/g)].map(([, field]) => unescaped(trimmed(field!)));
  if (fields.length < 3 || fields.length > 4) {
    return `${fields.length === 1 ? "1 part" : `${fields.length} parts`}, not 3: write prompt | answer | other answer`;
  }
  const empty = fields.indexOf("");
  if (empty >= 0) return `the ${parts[empty]} is empty`;
  const [prompt, correct, wrong, group] = fields as [string, string, string, string?];
  if (correct === wrong) return `both answers are "${correct}"`;
  return { text: prompt, correct, wrong, ...(group !== undefined && { group }) };
}

/** Learning needs prompts to learn on and others that are held out, with other answers. */
function errorsOfAll(prompts: readonly OwnPrompt[]): ListError[] {
  if (prompts.length === 0) return [{ problem: "The list is empty: write a prompt and two answers." }];
  const groups = new Set(prompts.map(({ correct, wrong, group }) => group ?? `${correct}\n${wrong}`));
  if (groups.size > 1) return [];
  return [{ problem: "All prompts have the same answers: add some with others, which are held out to measure on." }];
}

/** The lines that `parseList` reads as these prompts. */
export function formatList(prompts: readonly OwnPrompt[]): string {
  return prompts
    .map(({ text, correct, wrong, group }) => {
      return [text, correct, wrong, ...(group === undefined ? [] : [group])].map(escaped).join(" | ");
    })
    .join("\n");
}

/** A list with one more prompt at its end. */
export function withPrompt(list: string, prompt: OwnPrompt): string {
  return [...(list.trim() === "" ? [] : [list.trimEnd()]), formatList([prompt])].join("\n");
}

/** Spaces beside a bar are for the eye. */
function trimmed(field: string): string {
  return field.replace(/^[ \t]+|[ \t]+$/g, "");
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, (_, letter: string) => escapes[letter]!);
}

/** Spaces inside stay as they are; those at an end would be taken for the distance to the bar. */
function escaped(field: string): string {
  return field.replace(/[\\|\n\r\t]/g, (sign) => letters.get(sign)!).replace(/^ | $/g, "\\s");
}

/**
 * Prompts of a file as `fader --prompts` takes it: a JSON list, or one JSON object a line, of
 * `{ "text", "correct", "wrong" }`, with `"group"` if one likes. Throws an `Error` in plain words.
 */
export function readPromptFile(name: string, content: string): OwnPrompt[] {
  const entries = entriesOf(name, content.replace(/^\uFEFF/, ""));
  if (entries.length === 0) throw new Error(`${name} holds no prompts.`);
  return entries.map(({ value, at }) => promptOf(name, value, at));
}

interface Entry {
  readonly value: unknown;
  /** Its line or number, in words. */
  readonly at: string;
}

function entriesOf(name: string, content: string): Entry[] {
  if (content.trimStart().startsWith("[")) {
    return (parsed(name, content) as unknown[]).map((value, i) => ({ value, at: `entry ${i + 1}` }));
  }
  return content.split("\n").flatMap((line, i) => {
    const at = `line ${i + 1}`;
    return line.trim() === "" ? [] : [{ value: parsed(`${name}, ${at}`, line), at }];
  });
}

function parsed(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: ${(error as Error).message}`);
  }
}

function promptOf(name: string, value: unknown, at: string): OwnPrompt {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${name}, ${at} is no prompt: write { "text": "…", "correct": "Paris", "wrong": "Rome" }.`);
  }
  const { text, correct, wrong, group } = value as Record<string, unknown>;
  for (const [key, part] of Object.entries({ text, correct, wrong })) {
    if (typeof part !== "string" || part === "") throw new Error(`${name}, ${at} has no "${key}".`);
  }
  if (group !== undefined && (typeof group !== "string" || group === "")) {
    throw new Error(`${name}, ${at}: "group" is no text.`);
  }
  return { text, correct, wrong, ...(group !== undefined && { group }) } as OwnPrompt;
}
