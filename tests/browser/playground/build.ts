import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const builds = join(root, ".cache", "pages");
/** What the built page depends on, besides its own folder. */
const inputs = ["src", "playground", "models", "tests/conformance", "package.json"];
const day = 24 * 3600 * 1000;

/**
 * The folder of a page as it is published: `source` holds its `index.html`. Built once for the same content, whatever
 * the number of test files and runs.
 */
export async function builtPage(source: string): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [...inputs.map((name) => join(root, name)), source]) {
    for (const file of filesOf(path)) hash.update(file).update(readFileSync(file));
  }
  const folder = join(builds, hash.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  await mkdir(builds, { recursive: true });
  await dropOldBuilds();
  const own = `${folder}-${process.pid}`;
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const config = join(root, "playground", "vite.config.ts");
  // In a process of its own: the settings of a test run are not those of a published page.
  await promisify(execFile)(
    process.execPath,
    [vite, "build", source, "--config", config, "--outDir", own, "--emptyOutDir", "--logLevel", "warn"],
    { cwd: root, env: { ...process.env, NODE_ENV: "production", VITEST: undefined } },
  );
  try {
    await rename(own, folder);
  } catch (error) {
    // Another test file was as fast.
    if (!existsSync(folder)) throw error;
    await rm(own, { recursive: true });
  }
  return folder;
}

function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function dropOldBuilds(): Promise<void> {
  for (const name of readdirSync(builds)) {
    const path = join(builds, name);
    if (Date.now() - (await stat(path)).mtimeMs > day) await rm(path, { recursive: true, force: true });
  }
}
