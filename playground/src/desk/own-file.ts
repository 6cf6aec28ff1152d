import type { OwnPrompt } from "./own-list";

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
  /** Where it stands, in words. */
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
