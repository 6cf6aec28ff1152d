import { readJson } from "../../io/files";
import type { CheckpointFolder, RandomAccess } from "../../io/folder";
import { CheckpointError, NotFoundError } from "../errors";
import { parseSafetensorsHeader, type StoredEntry, safetensorsHeaderLength } from "./safetensors";

/** Where the weights of a checkpoint lie. */
export interface WeightFiles {
  /** Named in errors: the only file, or the index of several. */
  readonly source: string;
  readonly files: readonly {
    readonly file: string;
    readonly source: string;
    readonly entries: readonly StoredEntry[];
  }[];
  /** Opens one of them; the caller closes it. */
  open(file: string): Promise<RandomAccess>;
  close(): Promise<void>;
}

/** All weights of a model, or else the list of the shards that hold them. */
export const weightFile = "model.safetensors";
export const indexFile = `${weightFile}.index.json`;
/** Absent shards that an error names. */
const MOST_ABSENT = 5;

/**
 * Finds the weights of a folder and reads their headers: `model.safetensors`, or else the shards that
 * `model.safetensors.index.json` names. Throws `CheckpointError` for malformed files and for shards that are absent or
 * hold other tensors than the index says, `NotFoundError` where there are no weights.
 */
export async function findWeights(folder: CheckpointFolder, name = folder.name): Promise<WeightFiles> {
  const whole = await folder.open(weightFile);
  if (whole === undefined) return findShards(folder, name);
  const source = `${name}/${weightFile}`;
  try {
    const entries = await readEntries(whole, source);
    // Kept open: a server that ignores ranges would send the file again.
    const open = async () => ({ ...forward(whole), close: async () => {} });
    return { source, files: [{ file: weightFile, source, entries }], open, close: () => whole.close() };
  } catch (error) {
    await whole.close();
    throw error;
  }
}

/** The shards that an index names. Throws `CheckpointError` when `json` is no index, naming `source`. */
export function parseShardIndex(json: unknown, source: string): { shards: string[]; shardOf: Map<string, string> } {
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new CheckpointError(source, "weight_map is missing: an object with the file of each tensor");
  }
  const shardOf = new Map(Object.entries(map as Record<string, unknown>)) as Map<string, string>;
  const shards = [...new Set(shardOf.values())].sort();
  // A name with a path could point at any file of this machine.
  const strange = shards.filter((name) => typeof name !== "string" || !/^[\w-][\w.-]*$/.test(name));
  if (strange.length > 0) {
    throw new CheckpointError(source, "shards are files beside the index, named without a path", {
      details: { "named as": listed(strange.map((name) => JSON.stringify(name))) },
    });
  }
  if (shards.length === 0) throw new CheckpointError(source, "weight_map names no tensor");
  return { shards, shardOf };
}

async function findShards(folder: CheckpointFolder, name: string): Promise<WeightFiles> {
  const source = `${name}/${indexFile}`;
  const json = await readJson(folder, indexFile);
  if (json === undefined) throw await noWeights(folder, name);
  const { shards, shardOf } = parseShardIndex(json, source);
  const files: WeightFiles["files"][number][] = [];
  const absent: string[] = [];
  for (const file of shards) {
    // An index can name any number of files: each costs a look, or a request.
    if (absent.length > MOST_ABSENT) break;
    const access = await folder.open(file);
    if (access === undefined) {
      absent.push(file);
      continue;
    }
    const shard = `${name}/${file}`;
    try {
      files.push({ file, source: shard, entries: await readEntries(access, shard) });
    } finally {
      await access.close();
    }
  }
  if (absent.length > 0) {
    throw new CheckpointError(source, "files that the index names are not there", {
      details: { absent: listed(absent.slice(0, MOST_ABSENT)) + (absent.length > MOST_ABSENT ? ", …" : "") },
      hint: "The download may be incomplete.",
    });
  }
  checkContents(files, shardOf, source);
  const open = async (file: string) => {
    const access = await folder.open(file);
    if (access === undefined) throw new NotFoundError("read", `${folder.locate(file)}: is there no longer`);
    return access;
  };
  return { source, files, open, close: async () => {} };
}

/** Refuses tensors that lie elsewhere than the index says. */
function checkContents(files: WeightFiles["files"], shardOf: ReadonlyMap<string, string>, source: string): void {
  const stored = new Map(files.map(({ file, entries }) => [file, new Set(entries.map(({ name }) => name))]));
  const lacking = [...shardOf].filter(([name, file]) => !stored.get(file)!.has(name));
  const unknown = [...stored].flatMap(([file, names]) =>
    [...names].filter((name) => shardOf.get(name) !== file).map((name) => [name, file]),
  );
  if (lacking.length === 0 && unknown.length === 0) return;
  const places = (pairs: string[][]) => listed(pairs.map(([name, file]) => `${name} in ${file}`));
  throw new CheckpointError(source, "the shards do not hold what the index says", {
    details: {
      ...(lacking.length > 0 && { "not there": places(lacking) }),
      ...(unknown.length > 0 && { "not in the index": places(unknown) }),
    },
    hint: "Files of several checkpoints may be mixed.",
  });
}

async function noWeights(folder: CheckpointFolder, name: string): Promise<Error> {
  for (const file of ["pytorch_model.bin", "pytorch_model.bin.index.json"]) {
    const access = await folder.open(file);
    await access?.close();
    if (access) return onlyPickle(name, file);
  }
  return new NotFoundError("read", `${folder.locate(weightFile)}: no such file`);
}

/** The error for checkpoints that were saved by an older version of Transformers. */
export function onlyPickle(name: string, file: string): CheckpointError {
  return new CheckpointError(name, `its weights are in ${file} only, a format that can run code`, {
    hint: "Convert them with Transformers: model.save_pretrained(folder, safe_serialization=True).",
  });
}

async function readEntries(access: RandomAccess, source: string): Promise<StoredEntry[]> {
  const start = await access.read(0, Math.min(8, access.size));
  const length = safetensorsHeaderLength(start, access.size, source);
  const header = await access.read(8, 8 + length);
  return parseSafetensorsHeader(header, access.size, source).entries;
}

function forward(access: RandomAccess): Omit<RandomAccess, "close"> {
  return { size: access.size, read: (begin, end) => access.read(begin, end) };
}

/** The first five of a list, and how many there are. Names of files are as long as who wrote them likes. */
export function listed(names: readonly string[], separator = ", "): string {
  const short = (name: string) => (name.length > 120 ? `${name.slice(0, 119)}…` : name);
  return names.slice(0, 5).map(short).join(separator) + (names.length > 5 ? `${separator}… (${names.length})` : "");
}
