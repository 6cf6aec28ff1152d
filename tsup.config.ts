import { defineConfig } from "tsup";

const library = {
  index: "src/index.ts",
  "tensor/index": "src/tensor/index.ts",
  "autograd/index": "src/autograd/index.ts",
  "nn/index": "src/nn/index.ts",
  "steering/index": "src/steering/index.ts",
  "node/index": "src/node/index.ts",
  "tensor/ndarray": "src/tensor/ndarray.ts",
};

export default defineConfig({
  entry: { ...library, "cli/main": "src/cli/main.ts", "node/sweep-worker": "src/node/sweep/worker.ts" },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  // Shared code is one file for all entries: two copies of the engine would have two memories.
  splitting: true,
  sourcemap: true,
  clean: true,
  // `npm start` only runs the code; types are made for publishing.
  dts: process.env.FADER_NO_TYPES === undefined ? { entry: library } : false,
  external: [/^node:/],
});
