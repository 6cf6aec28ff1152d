import type { HubFile, HubStore } from "../../../src/hub";
import { refusal } from "./engine-error";

/** What is used of Cache Storage. */
export interface Caches {
  open(name: string): Promise<Pick<Cache, "match" | "put" | "delete" | "keys">>;
}

/** A model that is there with all its files. */
interface Manifest {
  commit: string;
  /** Bytes of each file. */
  files: Record<string, number>;
}

const cacheName = "fader-models";

/**
 * Files of models of the hub, kept in Cache Storage: whole ones only, at the addresses they came from. Without Cache
 * Storage (a page without https, some private windows) they are kept until the model is read.
 */
export class BrowserStore implements HubStore {
  readonly keeps = "Open it again: files that came whole are kept.";
  private readonly blobs = new Map<string, Blob>();

  private constructor(
    private readonly name: string,
    private readonly cache: Awaited<ReturnType<Caches["open"]>> | undefined,
  ) {}

  static async open(name: string, caches: Caches | undefined): Promise<BrowserStore> {
    return new BrowserStore(name, await caches?.open(cacheName).catch(() => undefined));
  }

  get isLasting(): boolean {
    return this.cache !== undefined;
  }

  /** The files of the model, if all were kept. */
  async whole(): Promise<File[] | undefined> {
    const manifest = await this.manifest();
    return manifest && this.files(manifest);
  }

  /** Those files of a commit that are there whole, or undefined when one is missing. */
  async files({ commit, files }: Manifest): Promise<File[] | undefined> {
    const found: File[] = [];
    for (const [file, size] of Object.entries(files)) {
      const blob = await this.find(commit, file);
      if (blob?.size !== size) return undefined;
      found.push(new File([blob], file));
    }
    return found;
  }

  async has(commit: string, { file, size }: HubFile): Promise<boolean> {
    return (await this.find(commit, file))?.size === size;
  }

  async read(commit: string, { file }: HubFile): Promise<Uint8Array> {
    return new Uint8Array((await (await this.find(commit, file))?.arrayBuffer()) ?? []);
  }

  /** Keeps a file that comes whole; of one that ends early nothing is left. */
  async put(commit: string, { file, size }: HubFile, contents: (from: number) => AsyncIterable<Uint8Array>) {
    const key = this.keyOf(commit, file);
    const pieces = contents(0)[Symbol.asyncIterator]();
    let broken: unknown;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          broken = error;
          throw error;
        }
      },
      cancel: async () => void (await pieces.return?.()),
    });
    const response = new Response(body, { headers: { "Content-Length": String(size) } });
    try {
      if (this.cache === undefined) this.blobs.set(key, await response.blob());
      else await this.cache.put(key, response);
    } catch (error) {
      await this.cache?.delete(key);
      if ((error as Error | undefined)?.name === "QuotaExceededError") {
        const reason = (error as Error).message;
        throw refusal(`The browser has no room left to keep ${file}.`, "Free some storage.", { reason });
      }
      // Browsers tell of a body that fails in other words.
      throw broken ?? error;
    }
  }

  /** Says that all files are there, and forgets those of other commits. */
  async finish(manifest: Manifest): Promise<void> {
    if (this.cache === undefined) return;
    await this.cache.put(this.manifestKey, new Response(JSON.stringify(manifest)));
    for (const { url } of await this.cache.keys()) {
      const isOld = url.startsWith(this.keyOf("", "").slice(0, -1)) && !url.startsWith(this.keyOf(manifest.commit, ""));
      if (isOld && url !== this.manifestKey) await this.cache.delete(url);
    }
  }

  private async find(commit: string, file: string): Promise<Blob | undefined> {
    const key = this.keyOf(commit, file);
    return this.blobs.get(key) ?? (await (await this.cache?.match(key))?.blob());
  }

  private async manifest(): Promise<Manifest | undefined> {
    const stored = await this.cache?.match(this.manifestKey);
    // One that cannot be read is as good as none: the files are looked for again.
    const manifest: Manifest | undefined = await stored?.json().catch(() => undefined);
    return manifest?.files && manifest;
  }

  private get manifestKey(): string {
    return this.keyOf("main", "fader-manifest.json");
  }

  private keyOf(commit: string, file: string): string {
    return `https://huggingface.co/${this.name}/resolve/${commit}/${file}`;
  }
}
