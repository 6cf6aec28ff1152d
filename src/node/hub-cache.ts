import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { getRepoFolderName } from "@huggingface/hub";
import type { HubFile, HubStore } from "../hub/download";
import { HubError } from "../hub/errors";
import { append, makeFolder, readWhole, remove, sizeOf, writeFileAtomic } from "../io/disk";
import { FileChangedError } from "../io/http";

const isCommit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);

/**
 * One model in the cache that Hugging Face's tools share: `blobs/` holds contents by their hash, `snapshots/COMMIT/` links
 * to them by file name, `refs/` says which commit a branch or tag was, `.no_exist/COMMIT/` what a commit does not have.
 */
export class ModelCache implements HubStore {
  readonly keeps = "What has come in is kept: the same call again resumes the download.";
  /** Its folder in the cache. */
  readonly root: string;

  constructor(
    cacheDir: string,
    private readonly name: string,
  ) {
    this.root = join(cacheDir, getRepoFolderName({ type: "model", name }));
  }

  snapshot(commit: string): string {
    return join(this.root, "snapshots", commit);
  }

  pathOf(commit: string, file: string): string {
    return join(this.snapshot(commit), file);
  }

  /** The commit of a revision when it was last asked for; a commit is itself. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const stored = await readFile(join(this.root, "refs", revision), "utf8").catch(() => "");
    return isCommit(stored.trim()) ? stored.trim() : undefined;
  }

  async setCommitOf(revision: string, commit: string): Promise<void> {
    if (isCommit(revision)) return;
    const path = join(this.root, "refs", revision);
    await makeFolder(dirname(path));
    await writeFileAtomic(path, commit);
  }

  async has(commit: string, { file }: Pick<HubFile, "file">): Promise<boolean> {
    return exists(this.pathOf(commit, file));
  }

  async read(commit: string, { file }: HubFile): Promise<Uint8Array> {
    return readWhole(this.pathOf(commit, file));
  }

  /** Tells whether the commit is known not to have a file. */
  async isAbsent(commit: string, file: string): Promise<boolean> {
    return exists(join(this.root, ".no_exist", commit, file));
  }

  async markAbsent(commit: string, file: string): Promise<void> {
    await makeFolder(join(this.root, ".no_exist", commit));
    await writeFile(join(this.root, ".no_exist", commit, file), "");
  }

  /** Keeps a file as a blob, unless there is one with its hash, and links to it from the snapshot. */
  async put(commit: string, file: HubFile, contents: (from: number) => AsyncIterable<Uint8Array>): Promise<void> {
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(file.hash)) {
      throw new HubError(this.name, `the hub lists no hash of ${file.file}`);
    }
    const blob = join(this.root, "blobs", file.hash);
    await makeFolder(dirname(blob));
    if ((await sizeOf(blob)) !== file.size) await this.fill(blob, file, contents);
    await this.link(this.pathOf(commit, file.file), blob);
  }

  /** `PATH.incomplete` holds what has come in. The blob gets its name only when its hash is right. */
  private async fill(path: string, file: HubFile, contents: (from: number) => AsyncIterable<Uint8Array>) {
    const incomplete = `${path}.incomplete`;
    for (let attempt = 1; ; attempt++) {
      const before = (await sizeOf(incomplete)) ?? 0;
      if (before > file.size) await remove(incomplete);
      try {
        await append(incomplete, contents(before > file.size ? 0 : before));
        if ((await hashOf(incomplete, file)) === file.hash) break;
      } catch (error) {
        if (!(error instanceof FileChangedError)) throw error;
      }
      // What an earlier attempt left may be of other contents: once more from the start.
      await remove(incomplete);
      if (attempt < 2) continue;
      throw new HubError(`${this.name}/${file.file}`, "what came in does not have the hash that the hub gives", {
        details: { expected: file.hash, from: file.url.href },
      });
    }
    await rename(incomplete, path).catch(async (error) => {
      // Another process may have finished the same download.
      if ((await sizeOf(path)) !== file.size) throw error;
    });
  }

  private async link(path: string, blob: string): Promise<void> {
    await makeFolder(dirname(path));
    try {
      await symlink(relative(dirname(path), blob), path);
    } catch (error) {
      if ((error as { code?: string }).code === "EEXIST" && (await exists(path))) return;
      // Windows lets only some users make links.
      await copyFile(blob, path);
    }
  }
}

async function hashOf(path: string, { hash, size }: HubFile): Promise<string> {
  const digest = createHash(hash.length === 64 ? "sha256" : "sha1");
  if (hash.length !== 64) digest.update(`blob ${size}\0`);
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 })) digest.update(part as Uint8Array);
  return digest.digest("hex");
}

async function exists(path: string): Promise<boolean> {
  return (await sizeOf(path)) !== undefined;
}
