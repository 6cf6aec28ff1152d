import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ArgumentError } from "../autograd";

/** Throws unless `writeFolder` may write at `path`: to know before long work. */
export async function checkFree(path: string, force: boolean): Promise<void> {
  const names: string[] = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new ArgumentError("write", `${path}: ${error.code === "ENOTDIR" ? "it is a file" : error.message}`);
  });
  if (names.length === 0) return;
  if (!force) throw new ArgumentError("write", `${path}: the folder is not empty`, { hint: "--force replaces it." });
  // A slip of the pen must not cost a home folder.
  if (!names.includes("config.json")) {
    throw new ArgumentError("write", `${path}: the folder holds something else than a checkpoint`, {
      hint: "--force replaces checkpoints alone. Name another folder.",
    });
  }
}

/**
 * Makes a folder whole or not at all: `fill` writes into one beside it, which takes its name when `fill` is done.
 * Throws `ArgumentError` as `checkFree` does, and when the folder beside it cannot be made; and what `fill` throws.
 */
export async function writeFolder<T>(path: string, force: boolean, fill: (folder: string) => Promise<T>): Promise<T> {
  await checkFree(path, force);
  const target = resolve(path);
  const beside = (ending: string) =>
    join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.${ending}`);
  const [fresh, old] = [beside("tmp"), beside("old")];
  try {
    await mkdir(fresh).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "its folder does not exist" : error.message;
      throw new ArgumentError("write", `${path}: ${why}`);
    });
    const result = await fill(fresh);
    const isThere = await rename(target, old).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return false;
        throw error;
      },
    );
    try {
      await rename(fresh, target);
    } catch (error) {
      if (isThere) await rename(old, target);
      throw error;
    }
    await rm(old, { recursive: true, force: true });
    return result;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}
