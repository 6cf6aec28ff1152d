import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/**
 * Puts the built-in model where `loadModel()` looks for it: it lies beside the folder of the script that asks, in the
 * package as in what is built here.
 */
export function builtInModel(): Plugin {
  const folder = new URL("../../models/capitals/", import.meta.url);
  return {
    name: "built-in-model",
    apply: "build",
    generateBundle() {
      for (const file of readdirSync(folder)) {
        if (file.endsWith(".md")) continue;
        this.emitFile({
          type: "asset",
          fileName: `models/capitals/${file}`,
          source: readFileSync(new URL(file, folder)),
        });
      }
    },
  };
}
