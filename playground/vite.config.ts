import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig } from "vite";
import { builtInModel, findBuiltInModel } from "./build/built-in-model";
import { statePolicy } from "./build/state-policy";
import { worksOffline } from "./build/works-offline";
import { isolationHeaders } from "./policy";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The library imports these where it runs in Node, and nowhere else. */
const onlyInNode = /^node:/;

export default defineConfig({
  root: here("."),
  // The built page works from any path of any host.
  base: "./",
  // A file that is not there is an error, not the page once more: loading a model asks for files that may be missing.
  appType: "mpa",
  publicDir: here("public"),
  // The engine comes from its source, so that no build of the library is needed.
  resolve: { conditions: ["fader-source", ...defaultClientConditions] },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  plugins: [builtInModel(), statePolicy(), worksOffline()],
  worker: { format: "es", plugins: () => [findBuiltInModel()], rollupOptions: { external: onlyInNode } },
  build: {
    outDir: here("../dist-playground"),
    emptyOutDir: true,
    target: "es2022",
    // The policy lets nothing run or apply that stands in the page itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { external: onlyInNode },
  },
  server: { headers: isolationHeaders, fs: { allow: [here("..")] } },
});
