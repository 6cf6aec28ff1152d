import { defineConfig } from "vitest/config";

export default defineConfig({
  // Tests import the package by its public names and run its source, without a build.
  resolve: { conditions: ["fader-source"] },
  ssr: { resolve: { conditions: ["fader-source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    globalSetup: ["tests/helpers/built-cli.ts"],
    // Threads of the kernels fill the cores.
    fileParallelism: false,
    testTimeout: 120_000,
    pool: "forks",
    reporters: ["default", ["json", { outputFile: ".cache/test-results.json" }]],
  },
});
