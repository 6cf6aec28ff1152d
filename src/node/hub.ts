import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getHFHubCachePath, listFiles, modelInfo } from "@huggingface/hub";
import { ArgumentError } from "../autograd";
import { isHubName } from "../load";
import type { FileProgress } from "../nn";
import { listed, onlyPickle, parseShardIndex } from "../nn/checkpoint/shards";
import { downloadBlob } from "./download-blob";
import { ModelCache, sizeOf } from "./hub-cache";
import { defaultEndpoint, defaultToken, HubError, type HubModel, hubFetch } from "./hub-request";

export interface HubOptions {
  /** Branch, tag or commit; default `main`. A commit pins the model, and needs no network once it is in the cache. */
  revision?: string;
  /** Default: where Hugging Face's tools keep models (`HF_HUB_CACHE`, `HF_HOME`, `~/.cache/huggingface/hub`). */
  cacheDir?: string;
  /** Use the cache only. Default: whether `HF_HUB_OFFLINE` is set. */
  offline?: boolean;
  /** Default: `HF_TOKEN`, or the one stored by logging in. `false`: none. */
  token?: string | false;
  /** Base URL of the hub. Default: `HF_ENDPOINT`, or https://huggingface.co. */
  endpoint?: string;
  /** Called as bytes come in over the network. */
  onProgress?: (progress: FileProgress) => void;
}

const weights = "model.safetensors";
const index = `${weights}.index.json`;
const optional = ["tokenizer.json", "tokenizer_config.json"];

/**
 * Downloads what Fader needs of a model of the Hugging Face hub (configuration, tokenizer, safetensors) into the cache
 * that it shares with Hugging Face's tools, and returns the folder. What is there is not downloaded again; a download
 * that broke off is resumed; every file is checked against its hash.
 *
 * Throws `HubError` that says why a model cannot be had, `CheckpointError` for one without safetensors.
 */
export async function downloadModel(name: string, options: HubOptions = {}): Promise<string> {
  const { revision = "main", offline = isOffline(), onProgress = () => {} } = options;
  if (!isHubName(name)) throw new ArgumentError("downloadModel", `"${name}" is not a name such as "owner/model"`);
  if (!/^\w[\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new ArgumentError("downloadModel", `"${revision}" is not the name of a branch, tag or commit`);
  }
  const cache = new ModelCache(options.cacheDir ?? getHFHubCachePath(), name);
  if (offline) return fromCache(cache, name, revision);
  const known = await cache.commitOf(revision);
  if (known === revision && (await lacks(cache, known)).length === 0) return cache.snapshot(known);
  const model: HubModel = {
    name,
    revision,
    endpoint: (options.endpoint ?? defaultEndpoint()).replace(/\/+$/, ""),
    token: options.token === false ? undefined : (options.token ?? (await defaultToken())),
  };
  const fetch = hubFetch(model);
  const { sha } = await modelInfo({ name, revision, additionalFields: ["sha"], hubUrl: model.endpoint, fetch });
  if ((await lacks(cache, sha)).length > 0) await downloadFiles(model, sha, cache, fetch, onProgress);
  await cache.setCommitOf(revision, sha);
  return cache.snapshot(sha);
}

function isOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env.HF_HUB_OFFLINE ?? "");
}

async function fromCache(cache: ModelCache, name: string, revision: string): Promise<string> {
  const commit = await cache.commitOf(revision);
  const missing = commit && (await lacks(cache, commit)).filter((file) => !optional.includes(file));
  if (commit && missing?.length === 0) return cache.snapshot(commit);
  throw new HubError(name, `is not in the cache at revision "${revision}", and this is offline mode`, {
    details: { ...(missing && { missing: listed(missing) }), cache: cache.root },
    hint: "Load it once without offline: true and HF_HUB_OFFLINE.",
  });
}

/** The files that a snapshot needs and does not have; all shards once their index is there. */
async function lacks(cache: ModelCache, commit: string): Promise<string[]> {
  const missing: string[] = [];
  const need = async (file: string) => {
    if (!(await cache.has(commit, file))) missing.push(file);
  };
  await need("config.json");
  for (const file of optional) if (!(await cache.isAbsent(commit, file))) await need(file);
  if (await cache.has(commit, weights)) return missing;
  if (!(await cache.has(commit, index))) return [...missing, weights];
  for (const shard of await shardsOf(cache, commit)) await need(shard);
  return missing;
}

async function shardsOf(cache: ModelCache, commit: string): Promise<string[]> {
  const path = join(cache.snapshot(commit), index);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch {
    // Said to be no index, which is what it is.
  }
  return parseShardIndex(json, path).shards;
}

/** What the hub says of a file. */
interface Listed {
  size: number;
  hash: string;
}

async function downloadFiles(
  model: HubModel,
  commit: string,
  cache: ModelCache,
  fetch: typeof globalThis.fetch,
  onProgress: (progress: FileProgress) => void,
): Promise<void> {
  const { name, endpoint } = model;
  const listing = new Map<string, Listed>();
  for await (const { path, type, size, oid, lfs } of listFiles({
    repo: { type: "model", name },
    revision: commit,
    hubUrl: endpoint,
    fetch,
  })) {
    if (type === "file") listing.set(path, { size: lfs?.size ?? size, hash: lfs?.oid ?? oid! });
  }
  const get = async (file: string) => {
    if (await cache.has(commit, file)) return;
    const { size, hash } = listing.get(file)!;
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw new HubError(name, `the hub lists no hash of ${file}`);
    const path = cache.blob(hash);
    if ((await sizeOf(path)) !== size) {
      const url = new URL(`${endpoint}/${name}/resolve/${commit}/${file}`);
      const report = (loaded: number) => onProgress({ file, loaded, total: size });
      await downloadBlob({ name: `${name}/${file}`, url, path, size, hash }, fetch, report);
    }
    await cache.link(commit, file, hash);
  };
  const files = weightFiles(name, listing);
  if (!listing.has("config.json")) throw new HubError(name, "has no config.json, so it is no model of Transformers");
  await get("config.json");
  for (const file of optional) await (listing.has(file) ? get(file) : cache.markAbsent(commit, file));
  await get(files);
  if (files === weights) return;
  const shards = await shardsOf(cache, commit);
  const absent = shards.filter((shard) => !listing.has(shard));
  if (absent.length > 0) throw new HubError(name, `its index names files that it does not have: ${listed(absent)}`);
  for (const shard of shards) await get(shard);
}

/** The weights, or the index of their shards. */
function weightFiles(name: string, listing: ReadonlyMap<string, Listed>): string {
  if (listing.has(weights)) return weights;
  if (listing.has(index)) return index;
  const pickled = [...listing.keys()].find((file) => /^pytorch_model.*\.bin/.test(file));
  if (pickled) throw onlyPickle(name, pickled);
  const others = [...listing.keys()].filter((file) => /\.(safetensors|gguf|bin|h5|msgpack|onnx)$/.test(file));
  throw new HubError(name, `has no ${weights}`, {
    details: { ...(others.length > 0 && { has: listed(others) }) },
  });
}
