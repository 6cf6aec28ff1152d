import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const folder = new URL("../../models/capitals/", import.meta.url);
const loader = fileURLToPath(new URL("../../src/load.ts", import.meta.url));
/** How the library names the model's folder. */
const named = '"../models/capitals/"';

/** The model's files, beside the scripts, in a folder that is named after their content, like all that lies there. */
function modelFiles(): { name: string; files: { file: string; source: Buffer }[] } {
  const names = readdirSync(folder).filter((file) => !file.endsWith(".md"));
  const files = names.map((file) => ({ file, source: readFileSync(new URL(file, folder)) }));
  const hash = createHash("sha256");
  for (const { file, source } of files) hash.update(file).update(source);
  return { name: `capitals-${hash.digest("hex").slice(0, 8)}`, files };
}

/** Brings the built-in model along. */
export function builtInModel(): Plugin {
  return {
    name: "built-in-model",
    apply: "build",
    generateBundle() {
      const { name, files } = modelFiles();
      for (const { file, source } of files) {
        this.emitFile({ type: "asset", fileName: `assets/${name}/${file}`, source });
      }
    },
  };
}

/** Lets `loadModel()` look for it there. For the build of the worker, which loads it. */
export function findBuiltInModel(): Plugin {
  return {
    name: "find-built-in-model",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (id !== loader) return;
      if (!code.includes(named)) this.error(`${loader} names no folder ${named}`);
      return { code: code.replace(named, `"./${modelFiles().name}/"`), map: null };
    },
  };
}
