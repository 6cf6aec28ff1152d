import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["fader-source"] },
  ssr: { resolve: { conditions: ["fader-source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 120_000,
    pool: "forks",
  },
});
