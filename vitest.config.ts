import { defineConfig } from "vitest/config";

export default defineConfig({
  // Tests import the package by its public names and run its source, without a build.
  resolve: { conditions: ["fader-source"] },
  ssr: { resolve: { conditions: ["fader-source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    testTimeout: 120_000,
    // Each file starts threads of its own; two at a time keep two cores busy where one often waits.
    poolOptions: { forks: { maxForks: 2 } },
    pool: "forks",
    reporters: ["default", ["json", { outputFile: ".cache/test-results.json" }]],
  },
});
