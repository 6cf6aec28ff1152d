import { getHFHubCachePath } from "@huggingface/hub";
import { ArgumentError } from "../autograd";
import { tokenizerFiles } from "../hub/choose";
import { downloadFiles, findCommit } from "../hub/download";
import { HubError } from "../hub/errors";
import { isHubName } from "../hub/name";
import { parseJson, readBytes } from "../io/files";
import type { FileProgress } from "../nn";
import { indexFile, listed, parseShardIndex, weightFile } from "../nn/checkpoint/shards";
import { ModelCache } from "./hub-cache";
import { defaultEndpoint, defaultToken, hubFetch } from "./hub-request";

/** Options of `downloadModel`, and of `loadModel` for names on the hub. */
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

/**
 * Downloads what Fader needs of a model of the Hugging Face hub (configuration, tokenizer, safetensors) into the cache
 * that it shares with Hugging Face's tools, and returns the folder. What is there is not downloaded again; a download
 * that broke off is resumed; every file is checked against its hash.
 *
 * @throws HubError that says why a model cannot be had, CheckpointError for one without safetensors.
 */
export async function downloadModel(name: string, options: HubOptions = {}): Promise<string> {
  const { revision = "main", offline = isOffline(), onProgress } = options;
  if (!isHubName(name)) throw new ArgumentError("downloadModel", `"${name}" is not a name such as "owner/model"`);
  if (!/^\w[\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new ArgumentError("downloadModel", `"${revision}" is not the name of a branch, tag or commit`);
  }
  const cache = new ModelCache(options.cacheDir ?? getHFHubCachePath(), name);
  if (offline) return fromCache(cache, name, revision);
  const known = await cache.commitOf(revision);
  if (known === revision && (await lacks(cache, known)).length === 0) return cache.snapshot(known);
  const endpoint = (options.endpoint ?? defaultEndpoint()).replace(/\/+$/, "");
  const token = options.token === false ? undefined : (options.token ?? (await defaultToken()));
  const access = { endpoint, fetch: hubFetch({ name, revision, endpoint, token }) };
  const { commit } = await findCommit(name, revision, access);
  if ((await lacks(cache, commit)).length > 0) {
    const files = await downloadFiles({ name, commit }, access, cache, { ...(onProgress && { onProgress }) });
    const absent = tokenizerFiles.filter((optional) => files.every(({ file }) => file !== optional));
    for (const file of absent) await cache.markAbsent(commit, file);
  }
  await cache.setCommitOf(revision, commit);
  return cache.snapshot(commit);
}

function isOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env.HF_HUB_OFFLINE ?? "");
}

async function fromCache(cache: ModelCache, name: string, revision: string): Promise<string> {
  const commit = await cache.commitOf(revision);
  const missing = commit && (await lacks(cache, commit)).filter((file) => !tokenizerFiles.includes(file));
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
    if (!(await cache.has(commit, { file }))) missing.push(file);
  };
  await need("config.json");
  for (const file of tokenizerFiles) if (!(await cache.isAbsent(commit, file))) await need(file);
  if (await cache.has(commit, { file: weightFile })) return missing;
  if (!(await cache.has(commit, { file: indexFile }))) return [...missing, weightFile];
  const path = cache.pathOf(commit, indexFile);
  for (const shard of parseShardIndex(parseJson(await readBytes(path), path), path).shards) await need(shard);
  return missing;
}
