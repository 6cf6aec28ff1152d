import type { FileHandle } from "node:fs/promises";
import { ArgumentError } from "../autograd";
import { CheckpointError, NotFoundError } from "./errors";
import type { CheckpointFolder, RandomAccess } from "./folder";
import { urlFolder } from "./http";

/** Reading and writing where the platform can: URLs everywhere, files in Node. */

export const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;

/** The bytes of a file or URL. Throws `ArgumentError` when there is nothing, with the path. */
export async function readBytes(source: string | URL): Promise<Uint8Array> {
  const url = asUrl(source);
  if (url !== undefined && url.protocol !== "file:") {
    const response = await fetch(url);
    if (response.status === 404) throw new NotFoundError("read", `${url}: nothing there`);
    if (!response.ok) throw new ArgumentError("read", `${url}: ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  }
  if (!isNode) throw new ArgumentError("read", `${source}: a browser reads no files`, { hint: "Pass a URL." });
  const { readFile } = await import("node:fs/promises");
  try {
    return new Uint8Array(await readFile(url ?? (source as string)));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") throw new NotFoundError("read", `${source}: no such file`);
    throw new ArgumentError("read", `${source}: ${(error as Error).message}`);
  }
}

/** A folder of this machine, by path or `file:` URL. Node only. */
export function nodeFolder(path: string | URL): CheckpointFolder {
  const at = (file: string) =>
    path instanceof URL
      ? new URL(file, path.href.endsWith("/") ? path : `${path.href}/`)
      : `${path.replace(/[\\/]$/, "")}/${file}`;
  const parts = (path instanceof URL ? decodeURIComponent(path.pathname) : path).split(/[\\/]/);
  return {
    name: parts.filter((part) => part !== "").at(-1) ?? "checkpoint",
    locate: (file) => String(at(file)),
    async open(file) {
      const { open } = await import("node:fs/promises");
      try {
        return await fileAccess(await open(at(file)));
      } catch (error) {
        if ((error as { code?: string }).code === "ENOENT") return undefined;
        throw new ArgumentError("read", `${at(file)}: ${(error as Error).message}`);
      }
    },
  };
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

/** Whether a path is a folder. Node only. */
export async function isFolder(path: string): Promise<boolean> {
  const { stat } = await import("node:fs/promises");
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The folder that a path or URL names. */
export function openFolder(source: string | URL): CheckpointFolder {
  const url = asUrl(source);
  if (url !== undefined && url.protocol !== "file:") return urlFolder(url);
  if (!isNode) throw new ArgumentError("read", `${source}: a browser reads no files`, { hint: "Pass a URL." });
  return nodeFolder(url ?? (source as string));
}

/** Parsed JSON of a file of a folder, or undefined when it is not there. Throws `CheckpointError` for other text. */
export async function readJson(folder: CheckpointFolder, file: string): Promise<unknown> {
  const access = await folder.open(file);
  if (access === undefined) return undefined;
  try {
    const bytes = await access.read(0, access.size);
    return parseJson(bytes, folder.locate(file));
  } finally {
    await access.close();
  }
}

function parseJson(bytes: Uint8Array, source: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CheckpointError(source, "not JSON: it is not in UTF-8");
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(source, `not JSON: ${(error as Error).message}`);
  }
}

/** Writes a file whole or not at all. Node only. */
export async function writeBytes(path: string, data: Uint8Array | string): Promise<void> {
  if (!isNode)
    throw new ArgumentError("write", `${path}: a browser writes no files`, { hint: "Offer the bytes as a download." });
  const { writeFileAtomic } = await import("./atomic");
  try {
    await writeFileAtomic(path, data);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Throws unless a file can be written at `path`: to know before long work. Node only. */
export async function checkWritable(path: string): Promise<void> {
  const [{ access, constants, stat }, { dirname }] = await Promise.all([
    import("node:fs/promises"),
    import("node:path"),
  ]);
  try {
    await access(dirname(path), constants.W_OK);
    if ((await stat(path).catch(() => undefined))?.isDirectory()) throw new Error("it is a folder");
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): ArgumentError {
  const missing = (error as { code?: string }).code === "ENOENT";
  return new ArgumentError("write", `${path}: ${missing ? "its folder does not exist" : (error as Error).message}`);
}

function asUrl(source: string | URL): URL | undefined {
  if (source instanceof URL) return source;
  return /^(https?|file|data|blob):/.test(source) ? new URL(source) : undefined;
}
