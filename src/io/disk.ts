import { randomBytes } from "node:crypto";
import { access, constants, type FileHandle, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ArgumentError } from "../autograd";
import { NotFoundError } from "./errors";
import type { RandomAccess } from "./folder";

/** The files of this machine: what runs in browsers as well imports this only where it runs in Node. */

/**
 * Writes a file so that `path` holds either its old contents or all of the new ones, even when the process is killed:
 * a temporary file in the same folder is written, flushed to the disk and renamed. Keeps the permissions of a file
 * that it replaces.
 *
 * @throws what `node:fs` throws (missing folder, no permission, full disk); the temporary file is then removed.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const mode = await stat(path).then(
    (found) => found.mode & 0o7777,
    () => undefined,
  );
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  // "wx" fails rather than writes through a file or link that someone else put there.
  const file = await open(temporary, "wx");
  try {
    try {
      if (mode !== undefined) await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** `writeFileAtomic` whose errors are sentences. Throws `ArgumentError` with the path. */
export async function writeFile(path: string, data: Uint8Array | string): Promise<void> {
  await writeFileAtomic(path, data).catch((error) => {
    throw cannotWrite(path, error);
  });
}

/** Throws `ArgumentError` unless a file can be written at `path`: to know before long work. */
export async function checkWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
    if (await isFolder(path)) throw new Error("it is a folder");
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): ArgumentError {
  return new ArgumentError("write", `${path}: ${isMissing(error) ? "its folder does not exist" : messageOf(error)}`);
}

/** Adds to the end of a file, which is made if missing, and waits until all that came is on the disk. */
export async function append(path: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, "a");
  try {
    // Piece by piece: what has come stays when no more comes.
    for await (const piece of pieces) await file.appendFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The bytes of a file. Throws `NotFoundError` or `ArgumentError` with its path. */
export async function readWhole(path: string | URL): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isMissing(error)) throw new NotFoundError("read", `${path}: no such file`);
    throw new ArgumentError("read", `${path}: ${messageOf(error)}`);
  }
}

/** Opens a file for reading, or gives undefined when there is none. Throws `ArgumentError` with its path. */
export async function openFile(path: string | URL): Promise<RandomAccess | undefined> {
  try {
    return await fileAccess(await open(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new ArgumentError("read", `${path}: ${messageOf(error)}`);
  }
}

async function fileAccess(handle: FileHandle): Promise<RandomAccess> {
  const found = await handle.stat();
  if (found.isDirectory()) {
    await handle.close();
    throw new Error("it is a folder");
  }
  const { size } = found;
  let buffer = new Uint8Array(0);
  return {
    size,
    async read(begin, end) {
      if (buffer.length < end - begin) buffer = new Uint8Array(end - begin);
      for (let at = begin; at < end; ) {
        const { bytesRead } = await handle.read(buffer, at - begin, end - at, at);
        if (bytesRead === 0) throw new ArgumentError("read", `the file ended at ${at} bytes, it had ${size}`);
        at += bytesRead;
      }
      return buffer.subarray(0, end - begin);
    },
    close: () => handle.close(),
  };
}

/** Tells whether a path is that of a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Size of a file in bytes, or undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** Makes a folder and those that it lies in. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
}

/** Removes a file, or a folder with all that is in it, if it is there. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

function isMissing(error: unknown): boolean {
  return (error as { code?: string }).code === "ENOENT";
}

function messageOf(error: unknown): string {
  return (error as Error).message;
}
