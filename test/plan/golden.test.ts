import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import { readGolden, writeGolden } from "../support/golden.ts";
import { differences } from "../support/json.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SHOWN = 20;
const REWRITE = "UPDATE_GOLDEN=1 npx vitest run --project unit test/plan/golden.test.ts";

test.each(["local", "staging", "production"])(
  "the plan of %s is the one that was reviewed",
  (environment) => {
    const file = fileURLToPath(new URL(`../golden/${environment}.plan.json`, import.meta.url));
    const plan: unknown = JSON.parse(
      JSON.stringify(buildPlan(loadEnvironment(diskSource(ROOT), environment)), longByDigest),
    );
    if (process.env.UPDATE_GOLDEN === "1") writeGolden(file, plan);
    const differing = [...differences(readGolden(file), plan)];
    const shown = differing.slice(0, SHOWN).map(([path, what]) => `  ${what} ${path}`);
    const more = differing.length > SHOWN ? [`  and ${differing.length - SHOWN} more`] : [];
    expect(
      differing.length,
      [
        `the plan of ${environment} differs from test/golden/${environment}.plan.json:`,
        ...shown,
        ...more,
        `Review the difference; when it is meant, rewrite the file: ${REWRITE}`,
      ].join("\n"),
    ).toBe(0);
  },
);

/**
 * A tool contract is reviewed in stacks/tools.lock.yaml, a dashboard by its own tests; here it is enough that each is
 * the same one.
 */
function longByDigest(key: string, value: unknown): unknown {
  if ((key !== "contract" && key !== "dashboard") || value === null) return value;
  return `sha256:${createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16)}`;
}
