import { parseJson } from "../io/files";
import { ConnectionLostError, FileChangedError, HttpFile } from "../io/http";
import { retries } from "../io/retry";
import type { FileProgress } from "../nn";
import { indexFile } from "../nn/checkpoint/shards";
import { parseConfig } from "../nn/families";
import { chooseShards, chooseWeights, tokenizerFiles } from "./choose";
import { HubError } from "./errors";

/** How a platform reaches a hub. */
export interface HubAccess {
  /** Base URL without a slash at its end. */
  readonly endpoint: string;
  /** Tries again after faults, and throws in words for any answer but success and a range that is not there (416). */
  readonly fetch: typeof fetch;
}

/** A model at one commit. */
export interface HubModel {
  /** `owner/model`. */
  readonly name: string;
  readonly commit: string;
}

/** What a hub lists of a file. */
export interface HubFile {
  /** Its name in the repository. */
  readonly file: string;
  readonly url: URL;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the contents (64 digits), or the hash that Git gives them (40 digits). */
  readonly hash: string;
}

/** Where a platform keeps the files of a model: a folder of the disk, the storage of a browser. */
export interface HubStore {
  /** What a next attempt finds of a download that broke off: the hint of the error. */
  readonly keeps: string;
  has(commit: string, file: HubFile): Promise<boolean>;
  read(commit: string, file: HubFile): Promise<Uint8Array>;
  /** Keeps a file under its name once it is whole. `contents`: its bytes from an offset on, as they come in. */
  put(commit: string, file: HubFile, contents: (from: number) => AsyncIterable<Uint8Array>): Promise<void>;
}

export interface DownloadOptions {
  /** Called once it is known which files are needed, before the large ones are downloaded. Throws to refuse them. */
  check?: (files: readonly HubFile[]) => void | Promise<void>;
  /** Called as bytes come in over the network. */
  onProgress?: (progress: FileProgress) => void;
}

/** The commit that a branch, tag or commit of a model is, and whether the model is for those only whom its owner lets in. */
export async function findCommit(
  name: string,
  revision: string,
  { endpoint, fetch }: HubAccess,
): Promise<{ commit: string; isGated: boolean }> {
  const { modelInfo } = await import("@huggingface/hub");
  const { sha, gated } = await modelInfo({ name, revision, additionalFields: ["sha"], hubUrl: endpoint, fetch });
  return { commit: sha, isGated: Boolean(gated) };
}

/**
 * Downloads what Fader needs of a model (configuration, tokenizer, safetensors) and the store does not have, and returns
 * the list of it. A model of an unsupported architecture is refused before its weights are downloaded.
 *
 * @throws HubError and CheckpointError that say why the model cannot be had, and what `access`, `store` and `check` throw.
 */
export async function downloadFiles(
  { name, commit }: HubModel,
  access: HubAccess,
  store: HubStore,
  { check, onProgress = () => {} }: DownloadOptions = {},
): Promise<HubFile[]> {
  const listing = await listFiles({ name, commit }, access);
  const files = [...listing.keys()];
  const get = async (file: string) => {
    const found = listing.get(file)!;
    if (await store.has(commit, found)) return;
    const report = (loaded: number) => onProgress({ file, loaded, total: found.size });
    await store.put(commit, found, (from) => contentsOf(`${name}/${file}`, found, from, access, store, report));
  };
  const json = async (file: string) => {
    await get(file);
    return parseJson(await store.read(commit, listing.get(file)!), `${name}/${file}`);
  };
  const lead = chooseWeights(name, files);
  parseConfig(await json("config.json"), `${name}/config.json`);
  const weights = lead === indexFile ? [lead, ...chooseShards(name, await json(lead), files)] : [lead];
  const needed = ["config.json", ...tokenizerFiles.filter((file) => listing.has(file)), ...weights];
  const found = needed.map((file) => listing.get(file)!);
  await check?.(found);
  for (const file of needed) await get(file);
  return found;
}

/** All files of a model by name. The client of the hub follows the pages of the list. */
async function listFiles({ name, commit }: HubModel, { endpoint, fetch }: HubAccess): Promise<Map<string, HubFile>> {
  // Taken apart, so that bundlers leave out the rest of the client.
  const { listFiles: listPages } = await import("@huggingface/hub");
  const listing = new Map<string, HubFile>();
  const pages = listPages({ repo: { type: "model", name }, revision: commit, hubUrl: endpoint, fetch });
  for await (const { path, type, size, oid, lfs } of pages) {
    if (type !== "file") continue;
    const url = new URL(`${endpoint}/${name}/resolve/${commit}/${path}`);
    listing.set(path, { file: path, url, size: lfs?.size ?? size, hash: lfs?.oid ?? oid! });
  }
  return listing;
}

/** The bytes of a file from an offset on. A connection that is cut is taken up again, as long as something comes in. */
async function* contentsOf(
  name: string,
  { url, size }: HubFile,
  from: number,
  { fetch }: HubAccess,
  { keeps }: HubStore,
  report: (loaded: number) => void,
): AsyncGenerator<Uint8Array> {
  const source = new HttpFile(url, size, fetch);
  let at = from;
  try {
    if (from > 0) report(from);
    while (at < size) {
      const piece = await source.readSome(at);
      yield piece;
      at += piece.length;
      report(at);
    }
  } catch (error) {
    if (error instanceof FileChangedError && error.size !== size) {
      throw new HubError(name, "has another size than the hub's listing says", {
        details: { listed: `${size} bytes`, served: `${error.size} bytes` },
      });
    }
    if (!(error instanceof ConnectionLostError)) throw error;
    throw new HubError(name, "the download broke off", {
      details: { reason: error.reason, loaded: `${at} of ${size} bytes`, attempts: retries.most + 1 },
      hint: keeps,
    });
  } finally {
    await source.close();
  }
}
