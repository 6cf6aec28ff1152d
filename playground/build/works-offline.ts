import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "vite";
import type { PageFile } from "../offline/files";

const worker = fileURLToPath(new URL("../offline/worker.ts", import.meta.url));

/** Adds a service worker that knows every file of the build by its hash. */
export function worksOffline(): Plugin {
  let folder = "";
  return {
    name: "works-offline",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    // By then all other files lie there.
    writeBundle: {
      order: "post",
      handler: () => writeServiceWorker(folder),
    },
  };
}

/** Writes `offline.js` for what lies in a folder. */
export async function writeServiceWorker(folder: string): Promise<void> {
  const files = pageFiles(folder);
  const version = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
  const { outputFiles } = await build({
    entryPoints: [worker],
    bundle: true,
    minify: true,
    write: false,
    target: "es2022",
    define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(version) },
  });
  writeFileSync(join(folder, "offline.js"), outputFiles[0]!.contents);
}

/** Every file of a built page with its hash. The page itself goes by the name of its folder, as it is opened. */
function pageFiles(folder: string): PageFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: path.slice(folder.length + 1).replaceAll(sep, "/"),
      integrity: `sha256-${createHash("sha256").update(readFileSync(path)).digest("base64")}`,
    }))
    .filter(({ path }) => path !== "offline.js")
    .map(({ path, integrity }) => ({ path: path === "index.html" ? "./" : path, integrity }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
