import { ArgumentError } from "../autograd";
import { CheckpointError, NotFoundError } from "./errors";
import { type CheckpointFolder, isNode } from "./folder";
import { openUrl, urlFolder } from "./http";

/** Reading and writing where the platform can: URLs everywhere, files in Node. */

/** The bytes of a file or URL. Throws `NotFoundError` or `ArgumentError`, with its path, when they cannot be had. */
export async function readBytes(source: string | URL): Promise<Uint8Array> {
  const { url, path } = whereIs(source);
  if (url === undefined) return (await import("./disk")).readWhole(path);
  const access = await openUrl(url);
  if (access === undefined) throw new NotFoundError("read", `${url}: nothing there`);
  try {
    return (await access.read(0, access.size)).slice();
  } finally {
    await access.close();
  }
}

/** The folder that a path or URL names. Throws `ArgumentError` for a path in a browser. */
export function openFolder(source: string | URL): CheckpointFolder {
  const { url, path } = whereIs(source);
  if (url !== undefined) return urlFolder(url);
  const at = (file: string) =>
    path instanceof URL
      ? new URL(file, path.href.endsWith("/") ? path : `${path.href}/`)
      : `${path.replace(/[\\/]$/, "")}/${file}`;
  const parts = (path instanceof URL ? decodeURIComponent(path.pathname) : path).split(/[\\/]/);
  return {
    name: parts.filter((part) => part !== "").at(-1) ?? "checkpoint",
    locate: (file) => String(at(file)),
    open: async (file) => (await import("./disk")).openFile(at(file)),
  };
}

/** Parsed JSON of a file of a folder, or undefined when it is not there. Throws `CheckpointError` for other text. */
export async function readJson(folder: CheckpointFolder, file: string): Promise<unknown> {
  const access = await folder.open(file);
  if (access === undefined) return undefined;
  try {
    return parseJson(await access.read(0, access.size), folder.locate(file));
  } finally {
    await access.close();
  }
}

/** Parses JSON in UTF-8. Throws `CheckpointError` naming `source` for anything else. */
export function parseJson(bytes: Uint8Array, source: string): unknown {
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

/** Writes a file whole or not at all. Throws `ArgumentError` when it cannot, and in a browser. */
export async function writeBytes(path: string, data: Uint8Array | string): Promise<void> {
  await (await diskToWrite(path)).writeFile(path, data);
}

/**
 * Writes the files of a folder, which is made if missing, each whole or not at all; those without contents are removed
 * from it. Throws `ArgumentError` when it cannot, and in a browser.
 */
export async function writeFolder(
  path: string,
  files: Readonly<Record<string, Uint8Array | string | undefined>>,
): Promise<void> {
  const disk = await diskToWrite(path);
  await disk.makeFolder(path);
  for (const [name, data] of Object.entries(files)) {
    if (data === undefined) await disk.remove(`${path}/${name}`);
    else await disk.writeFile(`${path}/${name}`, data);
  }
}

async function diskToWrite(path: string) {
  if (isNode) return import("./disk");
  throw new ArgumentError("write", `${path}: a browser writes no files`, { hint: "Offer the bytes as a download." });
}

/** Tells whether a path is that of a folder; a browser has none. */
export async function isFolder(path: string): Promise<boolean> {
  return isNode && (await import("./disk")).isFolder(path);
}

/** A URL to fetch, or else a place on this machine: a path or a `file:` URL. */
function whereIs(source: string | URL): { url: URL; path?: never } | { url?: never; path: string | URL } {
  const place = typeof source === "string" && /^(https?|file|data|blob):/.test(source) ? new URL(source) : source;
  if (place instanceof URL && place.protocol !== "file:") return { url: place };
  if (isNode) return { path: place };
  throw new ArgumentError("read", `${source}: a browser reads no files`, { hint: "Pass a URL." });
}
