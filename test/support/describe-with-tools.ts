import { beforeAll, describe, it } from "vitest";
import { availability, type ToolName, tool } from "./toolchain.ts";

/** A first build of every tool on a slow machine, in milliseconds. */
const BUILD_TIMEOUT_MS = 45 * 60_000;

/**
 * A `describe` whose tests need real programs. They are built before its first test. Where one cannot be
 * had, a person's run leaves the tests out and says why in the title; with CI=true it is a failure.
 */
export function describeWithTools(tools: readonly ToolName[], title: string, tests: () => void): void {
  const reasons = tools.map(availability).flatMap((found) => (found.ok ? [] : [found.reason]));
  if (reasons.length === 0) {
    describe(title, () => {
      beforeAll(async () => {
        for (const name of tools) await tool(name);
      }, BUILD_TIMEOUT_MS);
      tests();
    });
  } else if (process.env.CI === "true") {
    describe(title, () => {
      it("has the programs that it runs against", () => {
        throw new Error(reasons.join("; "));
      });
    });
  } else {
    describe.skip(`${title} (left out: ${reasons.join("; ")})`, tests);
  }
}
