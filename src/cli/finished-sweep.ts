import { join } from "node:path";
import { ArgumentError } from "../autograd";
import { readBytes } from "../io/files";
import { NotFoundError } from "../nn";
import { type JournalHeader, journalFormat } from "../node/sweep/journal";
import { type FailedTrial, type TrialResult, trialsOf } from "../steering";

/** What a finished sweep left in its folder. Throws `ArgumentError` when it is not finished, or of another format. */
export async function readSweep(folder: string): Promise<{
  header: JournalHeader;
  results: TrialResult[];
  failed: FailedTrial[];
}> {
  const [summary, lines] = [await read(folder, "summary.json"), await read(folder, "results.jsonl")];
  if (summary === undefined || lines === undefined) throw await unfinished(folder);
  try {
    const header = JSON.parse(summary) as JournalHeader;
    if (header.format !== journalFormat) throw new Error(`its format is ${header.format}, not ${journalFormat}`);
    const all = lines.split("\n").filter((line) => line !== "");
    const entries = all.map((line) => JSON.parse(line) as TrialResult | FailedTrial);
    return {
      header,
      results: entries.filter((entry): entry is TrialResult => "held" in entry),
      failed: entries.filter((entry): entry is FailedTrial => "problem" in entry),
    };
  } catch (error) {
    throw new ArgumentError("report", `the sweep in ${folder} cannot be read: ${(error as Error).message}`, {
      hint: `Run it again: fader sweep --fresh --out ${quote(folder)}`,
    });
  }
}

/** Undefined where there is no such file. */
async function read(folder: string, name: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readBytes(join(folder, name)));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Says how far a sweep got that has begun, and how to begin one where there is none. */
async function unfinished(folder: string): Promise<ArgumentError> {
  const journal = await read(folder, "journal.jsonl");
  const [first, ...lines] = journal?.split("\n").slice(0, -1) ?? [];
  try {
    const trials = trialsOf((JSON.parse(first!) as JournalHeader).grid);
    return new ArgumentError("report", `the sweep in ${folder} has ${lines.length} of ${trials.length} trials`, {
      hint: "Run its fader sweep command again: it goes on where it was and writes the report.",
    });
  } catch {
    return new ArgumentError("report", `${folder} holds no sweep`, {
      hint: `Run one: fader sweep --quick --out ${quote(folder)}`,
    });
  }
}

/** As a shell takes it for one word. */
export function quote(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
