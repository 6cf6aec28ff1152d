import { copyFile, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { getRepoFolderName } from "@huggingface/hub";
import { writeFileAtomic } from "../io/atomic";

const isCommit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);

/**
 * One model in the cache that Hugging Face's tools share: `blobs/` holds contents by their hash, `snapshots/COMMIT/` links
 * to them by file name, `refs/` says which commit a branch or tag was, `.no_exist/COMMIT/` what a commit does not have.
 */
export class ModelCache {
  /** Its folder in the cache. */
  readonly root: string;

  constructor(cacheDir: string, name: string) {
    this.root = join(cacheDir, getRepoFolderName({ type: "model", name }));
  }

  snapshot(commit: string): string {
    return join(this.root, "snapshots", commit);
  }

  blob(hash: string): string {
    return join(this.root, "blobs", hash);
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
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, commit);
  }

  async has(commit: string, file: string): Promise<boolean> {
    return exists(join(this.snapshot(commit), file));
  }

  /** Whether the commit is known not to have a file. */
  async isAbsent(commit: string, file: string): Promise<boolean> {
    return exists(join(this.root, ".no_exist", commit, file));
  }

  async markAbsent(commit: string, file: string): Promise<void> {
    await mkdir(join(this.root, ".no_exist", commit), { recursive: true });
    await writeFile(join(this.root, ".no_exist", commit, file), "");
  }

  /** Puts a blob into a snapshot. */
  async link(commit: string, file: string, hash: string): Promise<void> {
    const path = join(this.snapshot(commit), file);
    await mkdir(dirname(path), { recursive: true });
    try {
      await symlink(relative(dirname(path), this.blob(hash)), path);
    } catch (error) {
      if ((error as { code?: string }).code === "EEXIST" && (await exists(path))) return;
      // Windows lets only some users make links.
      await copyFile(this.blob(hash), path);
    }
  }
}

/** Size of a file in bytes, undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function exists(path: string): Promise<boolean> {
  return (await sizeOf(path)) !== undefined;
}
