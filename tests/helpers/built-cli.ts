import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, ".cache/cli");

/** The command line of this source as one program, for tests that start it: `node cliMain …`. */
export const cliMain = join(folder, "dist/cli/main.js");

/** Builds it once before all tests: a TypeScript loader in each process would take longer than most commands. */
export default async function buildCli(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await build({
    entryPoints: {
      "cli/main": join(root, "src/cli/main.ts"),
      "node/sweep-worker": join(root, "src/node/sweep/worker.ts"),
    },
    outdir: join(folder, "dist"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    conditions: ["fader-source"],
    logLevel: "error",
  });
  await mkdir(folder, { recursive: true });
  // What the package finds beside `dist`.
  for (const name of ["package.json", "models"]) await symlink(join(root, name), join(folder, name));
}
