import { join } from "node:path";
import { ArgumentError } from "../../autograd";
import { append, makeFolder, readWhole, sizeOf, writeFileAtomic } from "../../io/disk";
import type { FailedTrial, Grid, TrialResult } from "../../steering";
import { type Lock, lockFile } from "./lock";

/** The format of `journal.jsonl`; a journal of another one is refused. */
export const journalFormat = "fader-sweep/2";

/** What a journal belongs to. Results of anything else are never mixed with it. */
export interface JournalHeader {
  readonly format: string;
  /** Of the package. */
  readonly version: string;
  readonly model: string;
  readonly fingerprint: string;
  readonly grid: Grid;
}

/** One finished trial: a line of the journal. */
export type JournalEntry = ({ readonly result: TrialResult } | { readonly failed: FailedTrial }) & {
  /** How long it took, for estimates. */
  readonly seconds: number;
};

export function idOf(entry: JournalEntry): string {
  return "result" in entry ? entry.result.id : entry.failed.id;
}

/**
 * The finished trials of a sweep: a file to which one line is added for each, on the disk before anything else happens.
 * Whatever kills the process, at most the line that was being written is lost; opening the file again drops that line.
 */
export class Journal {
  private constructor(
    readonly path: string,
    readonly entries: JournalEntry[],
    private readonly lock: Lock,
  ) {}

  /**
   * Opens or starts `journal.jsonl` in a folder, which is made if missing. `fresh` drops what is there. Throws
   * `ArgumentError` when another process has it open, when it belongs to another sweep, or when it is damaged.
   */
  static async open(folder: string, header: JournalHeader, { fresh = false } = {}): Promise<Journal> {
    const path = join(folder, "journal.jsonl");
    try {
      await makeFolder(folder);
    } catch (error) {
      throw new ArgumentError("sweep", `${folder}: ${(error as Error).message}`);
    }
    const lock = await lockFile(`${path}.lock`);
    try {
      const lines = fresh ? [] : await wholeLines(path);
      if (lines.length === 0) await writeFileAtomic(path, `${JSON.stringify(header)}\n`);
      else checkHeader(path, lines[0]!, header);
      const entries = lines.slice(1).map((line, i) => parseEntry(path, line, i + 2));
      return new Journal(path, entries, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Adds a line and waits until it is on the disk. Throws `ArgumentError` when there is no room for it. */
  async add(entry: JournalEntry): Promise<void> {
    try {
      await append(this.path, [Buffer.from(`${JSON.stringify(entry)}\n`)]);
    } catch (error) {
      throw new ArgumentError("sweep", `${this.path}: ${(error as Error).message}`, {
        hint: "Make room on the disk; the same command then goes on.",
      });
    }
    this.entries.push(entry);
  }

  close(): Promise<void> {
    return this.lock.release();
  }
}

/** The lines that end; what comes after the last line break was never finished and is cut off. */
async function wholeLines(path: string): Promise<string[]> {
  if ((await sizeOf(path)) === undefined) return [];
  const text = new TextDecoder().decode(await readWhole(path));
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) await writeFileAtomic(path, whole);
  return whole.split("\n").slice(0, -1);
}

function checkHeader(path: string, line: string, own: JournalHeader): void {
  const found = parse(path, line, 1) as Partial<JournalHeader> | null;
  if (found?.format !== journalFormat || typeof found.grid !== "object" || found.grid === null) {
    throw new ArgumentError("sweep", `${path} is not a journal of this format`, {
      details: { format: String(found?.format ?? "none"), expected: journalFormat },
      hint: "Choose another folder with --out, or drop what is there with --fresh.",
    });
  }
  const flat = ({ grid, ...rest }: Partial<JournalHeader>): Record<string, unknown> => ({ ...rest, ...grid });
  const [theirs, ours] = [flat(found), flat(own)];
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  const differs = keys.filter((key) => JSON.stringify(theirs[key]) !== JSON.stringify(ours[key]));
  if (differs.length === 0) return;
  const rows = differs.flatMap((key) => [
    [`${key} there`, JSON.stringify(theirs[key] ?? null)],
    [`${key} now`, JSON.stringify(ours[key] ?? null)],
  ]);
  throw new ArgumentError("sweep", `${path} belongs to a sweep with another ${differs.join(", ")}`, {
    details: Object.fromEntries(rows),
    hint: "Choose another folder with --out, or drop what is there with --fresh.",
  });
}

function parseEntry(path: string, line: string, number: number): JournalEntry {
  const entry = parse(path, line, number) as Partial<Record<"result" | "failed", { id?: unknown }>> | null;
  if (typeof (entry?.result ?? entry?.failed)?.id === "string") return entry as unknown as JournalEntry;
  throw damaged(path, number);
}

function parse(path: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw damaged(path, number);
  }
}

function damaged(path: string, number: number): ArgumentError {
  return new ArgumentError("sweep", `${path}: line ${number} is damaged`, {
    hint: "Remove that line to run its trial again, or start over with --fresh.",
  });
}
