import { ArgumentError } from "../autograd";
import { CheckpointError, NotFoundError } from "./errors";

/** Reading and writing where the platform can: URLs everywhere, files in Node. */

const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;

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

/** Parsed JSON of a file or URL; `undefined` where `optional` and absent. */
export async function readJson(source: string | URL, optional = false): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(source);
  } catch (error) {
    if (optional && error instanceof NotFoundError) return undefined;
    throw error;
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new CheckpointError(String(source), `not JSON: ${(error as Error).message}`);
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

/** `folder/file` for a path or URL. */
export function joinPath(folder: string | URL, file: string): string | URL {
  const url = asUrl(folder);
  if (url === undefined) return `${String(folder).replace(/\/$/, "")}/${file}`;
  return new URL(file, url.href.endsWith("/") ? url : `${url.href}/`);
}

function asUrl(source: string | URL): URL | undefined {
  if (source instanceof URL) return source;
  return /^(https?|file|data|blob):/.test(source) ? new URL(source) : undefined;
}
