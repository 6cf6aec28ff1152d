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
export class HubStore {
  private readonly blobs = new Map<string, Blob>();

  private constructor(
    private readonly name: string,
    private readonly cache: Awaited<ReturnType<Caches["open"]>> | undefined,
  ) {}

  static async open(name: string, caches: Caches | undefined): Promise<HubStore> {
    return new HubStore(name, await caches?.open(cacheName).catch(() => undefined));
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

  async find(commit: string, file: string): Promise<Blob | undefined> {
    const key = this.keyOf(commit, file);
    return this.blobs.get(key) ?? (await (await this.cache?.match(key))?.blob());
  }

  /** Keeps a body that is `size` bytes long; one that ends early leaves nothing behind, and throws. */
  async put(
    commit: string,
    file: string,
    body: ReadableStream<Uint8Array>,
    size: number,
    onBytes: (n: number) => void,
  ) {
    const key = this.keyOf(commit, file);
    let loaded = 0;
    const counted = body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          loaded += chunk.length;
          onBytes(loaded);
          controller.enqueue(chunk);
        },
        flush(controller) {
          if (loaded !== size) controller.error(new Error(`${loaded} of ${size} bytes came`));
        },
      }),
    );
    const response = new Response(counted, { headers: { "Content-Length": String(size) } });
    if (this.cache === undefined) {
      this.blobs.set(key, await response.blob());
      return;
    }
    try {
      await this.cache.put(key, response);
    } catch (error) {
      await this.cache.delete(key);
      throw error;
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
