import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "../../../src/io/disk";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fader-atomic-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("writes bytes and text, replaces a file, leaves nothing else behind", async () => {
  const path = join(folder, "model.bin");
  await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  await writeFileAtomic(path, "héllo");
  expect(await readFile(path, "utf8")).toBe("héllo");
  expect(await readdir(folder)).toEqual(["model.bin"]);
});

test.skipIf(process.platform === "win32")("keeps the permissions of the file that it replaces", async () => {
  const path = join(folder, "secret");
  await writeFileAtomic(path, "a");
  await chmod(path, 0o600);
  await writeFileAtomic(path, "b");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("removes the temporary file when it fails", async () => {
  const path = join(folder, "taken");
  await mkdir(join(path, "by a folder"), { recursive: true });
  await expect(writeFileAtomic(path, "x")).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["taken"]);
  await expect(writeFileAtomic(join(folder, "missing", "file"), "x")).rejects.toThrow("ENOENT");
});
