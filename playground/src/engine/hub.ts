import { loadModel, type Model } from "fader";
import { droppedFolder, parseConfig } from "fader/nn";
import { memoryUse } from "fader/tensor";
import type { DownloadProgress, EngineError } from "../protocol";
import { refusal } from "./engine-error";
import { type Caches, HubStore } from "./hub-store";
import { withoutTokenizer } from "./session";

/** What the hub needs of the browser; tests imitate it. */
export interface HubSurroundings {
  fetch?: typeof fetch;
  caches?: Caches | undefined;
  /** Memory of the device in GiB, as far as a browser tells. */
  deviceMemory?: number | undefined;
  /** How much the page may keep, and keeps. Bytes. */
  estimate?: (() => Promise<{ quota?: number; usage?: number }>) | undefined;
}

const weights = "model.safetensors";
const index = `${weights}.index.json`;
/** Less than the 4 GiB that the engine can address: room for what it computes. */
const engineLimit = 4 * 2 ** 30 - 2 ** 28;

/**
 * A model of the Hugging Face hub: from what was kept, else downloaded. What cannot work is refused before its weights
 * are downloaded. 16-bit weights stay as they are.
 */
export async function openHub(
  name: string,
  onProgress: (progress: DownloadProgress) => void,
  surroundings: HubSurroundings,
  signal: AbortSignal,
): Promise<Model> {
  if (!/^([A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*$/.test(name) || /--|\.\./.test(name)) {
    throw refusal(`"${name}" is no name of a model.`, 'Names look like "EleutherAI/pythia-70m".');
  }
  const store = await HubStore.open(name, surroundings.caches);
  const kept = await store.whole();
  if (kept !== undefined) return loadModel(droppedFolder(kept), { name, dtype: "auto", onProgress });
  const files = await new Download(name, store, onProgress, surroundings, signal).run();
  return loadModel(droppedFolder(files), { name, dtype: "auto" });
}

/**
 * The client of the hub lists files and sizes: what is used of it is 5 kB compressed. Bodies are fetched here, so
 * that they go straight to where they are kept.
 */
class Download {
  private commit = "";
  private sizes = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly store: HubStore,
    private readonly onProgress: (progress: DownloadProgress) => void,
    private readonly surroundings: HubSurroundings,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<File[]> {
    await this.list();
    const { name, sizes } = this;
    if (!sizes.has("config.json")) throw refusal(`"${name}" has no config.json, so it is no model of Transformers.`);
    const config = await this.get("config.json");
    parseConfig(await json(config, `${name}/config.json`), `${name}/config.json`);
    if (!sizes.has("tokenizer.json")) throw withoutTokenizer(name);
    const needed = ["config.json", "tokenizer.json", ...(sizes.has("tokenizer_config.json") ? [tokenizerConfig] : [])];
    const weightFiles = await this.weightFiles();
    needed.push(...(weightFiles[0] === weights ? weightFiles : [index, ...weightFiles]));
    await this.checkRoom(weightFiles);
    for (const file of needed) await this.get(file);
    const files = Object.fromEntries(needed.map((file) => [file, sizes.get(file)!]));
    const found = await this.store.files({ commit: this.commit, files });
    if (found === undefined) throw refusal(`The browser did not keep the files of "${name}".`, "Free some storage.");
    await this.store.finish({ commit: this.commit, files });
    return found;
  }

  /** Finds the newest commit, and its files with their sizes. */
  private async list(): Promise<void> {
    const { listFiles, modelInfo } = await import("@huggingface/hub");
    const { name } = this;
    const fetch = this.fetch;
    const { sha, gated } = await modelInfo({ name, revision: "main", additionalFields: ["sha"], fetch });
    if (gated) {
      throw refusal(
        `"${name}" is for users of the hub who accepted its terms, and this page signs nobody in.`,
        download,
      );
    }
    this.commit = sha;
    for await (const entry of listFiles({ repo: { type: "model", name }, revision: sha, fetch })) {
      if (entry.type === "file") this.sizes.set(entry.path, entry.lfs?.size ?? entry.size);
    }
  }

  /** The weights: one file, or the shards that an index names. */
  private async weightFiles(): Promise<string[]> {
    const { name, sizes } = this;
    if (sizes.has(weights)) return [weights];
    if (!sizes.has(index)) {
      const others = [...sizes.keys()].filter((file) => /\.(safetensors|gguf|bin|h5|msgpack|onnx)$/.test(file));
      throw refusal(`"${name}" has no ${weights}.`, "Look for another copy of it that has.", {
        ...(others.length > 0 && { has: others.slice(0, 5).join(", ") }),
      });
    }
    const read = (await json(await this.get(index), `${name}/${index}`)) as { weight_map?: unknown } | null;
    const shards = [...new Set(Object.values(read?.weight_map ?? {}))] as string[];
    const absent = shards.find((shard) => !sizes.has(shard));
    if (absent !== undefined) throw refusal(`"${name}" has no file ${absent}, which its index names.`);
    if (shards.length === 0) throw refusal(`The index of "${name}" names no weights.`);
    return shards;
  }

  private async checkRoom(files: readonly string[]): Promise<void> {
    const { name, surroundings, store } = this;
    const bytes = files.reduce((sum, file) => sum + this.sizes.get(file)!, 0);
    const details = { weights: gib(bytes) };
    if (bytes > engineLimit) {
      throw refusal(`"${name}" is too large for a page.`, "Use the command line, or a smaller model.", {
        ...details,
        limit: gib(engineLimit),
      });
    }
    const device = (surroundings.deviceMemory ?? Number.POSITIVE_INFINITY) * 2 ** 30;
    if (bytes > 0.75 * device) {
      throw refusal(`"${name}" is too large for this device.`, "Use a smaller model.", {
        ...details,
        memory: gib(device),
      });
    }
    const { inUse } = memoryUse();
    if (bytes > engineLimit - inUse) {
      throw refusal(
        `"${name}" does not fit beside the model that is open.`,
        "Reload the page, and open this one first.",
        { ...details, "in use": gib(inUse) },
      );
    }
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = (await surroundings.estimate?.()) ?? {};
    let missing = 0;
    for (const file of files) if (!(await store.find(this.commit, file))) missing += this.sizes.get(file)!;
    if (store.isLasting && missing > quota - usage) {
      throw refusal(`"${name}" does not fit into what the browser lets this page keep.`, "Free some storage.", {
        ...details,
        free: gib(quota - usage),
      });
    }
  }

  /** A file, downloaded unless it is there whole. */
  private async get(file: string): Promise<Blob> {
    const { store, commit } = this;
    const size = this.sizes.get(file)!;
    const known = await store.find(commit, file);
    if (known?.size === size) return known;
    const response = await this.fetch(`https://huggingface.co/${this.name}/resolve/${commit}/${file}`);
    if (response.body === null) throw refusal(`The hub sent nothing for ${file} of "${this.name}".`);
    try {
      const report = (loaded: number) => this.onProgress({ file, loaded, total: size });
      await store.put(commit, file, response.body, size, report);
    } catch (error) {
      throw this.interrupted(file, error);
    }
    return (await store.find(commit, file)) ?? new Blob();
  }

  /** `fetch` that throws for anything but success, in words. */
  private readonly fetch: typeof fetch = async (input, init) => {
    const { name, signal, surroundings } = this;
    const response = await (surroundings.fetch ?? fetch)(input, { ...init, signal }).catch((error: Error) => {
      if (signal.aborted) throw error;
      throw refusal("The Hugging Face hub cannot be reached.", "Check the connection, or open a model that was kept.", {
        reason: error.message,
      });
    });
    if (response.ok) return response;
    await response.body?.cancel();
    const { status } = response;
    if (status === 403) throw refusal(`The hub does not give "${name}" to everybody.`, download);
    if (status === 401 || status === 404) {
      throw refusal(`The hub has no public model "${name}".`, "Check how its name is written.");
    }
    throw refusal(`The hub answered ${status} for "${name}".`, "Try again later.");
  };

  private interrupted(file: string, error: unknown): EngineError {
    const reason = error instanceof Error ? error.message : String(error);
    if ((error as Error | undefined)?.name === "QuotaExceededError") {
      return refusal(`The browser has no room left to keep ${file}.`, "Free some storage.", { reason });
    }
    return refusal(`The download of ${file} broke off.`, "Open it again: files that came whole are kept.", { reason });
  }
}

const tokenizerConfig = "tokenizer_config.json";
const download = "Download it to a folder, and drop that on the page.";

async function json(blob: Blob, source: string): Promise<unknown> {
  try {
    return JSON.parse(await blob.text());
  } catch (error) {
    throw refusal(`${source} is not JSON.`, undefined, { reason: (error as Error).message });
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
