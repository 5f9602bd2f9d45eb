import { defineConfig } from "vitest/config";

const MINUTE_MS = 60_000;

// biome's rule against default exports has one exception: a tool that asks for one
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/count-reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/real/**", "test/run/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // the whole command, its child processes and a browser: one file after the other, the ports are theirs
        test: {
          name: "run",
          include: ["test/run/**/*.test.ts"],
          testTimeout: 4 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // the real engine, the real API server: built once from their Go modules, which takes minutes
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          testTimeout: 20 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
