import { randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file so that `path` holds either its old contents or all of the new ones, even when the process is killed:
 * a temporary file in the same folder is written, flushed to the disk and renamed. Keeps the permissions of a file
 * that it replaces.
 *
 * @throws what `node:fs` throws (missing folder, no permission, full disk); the temporary file is then removed.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const mode = await stat(path).then(
    (found) => found.mode & 0o7777,
    () => undefined,
  );
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  // "wx" fails rather than writes through a file or link that someone else put there.
  const file = await open(temporary, "wx");
  try {
    try {
      if (mode !== undefined) await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
