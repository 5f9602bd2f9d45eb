import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PrometheusGroup } from "../../plan/types.ts";
import { tool } from "./toolchain.ts";

/** Series of one name and its labels, with values in promtool's notation: `1x29 0 _x4 stale`. */
export type Input = readonly [series: string, values: string];

/** The samples that an expression has at a moment, by the text of their labels. */
export interface Expectation {
  /** Minutes since the start. */
  readonly at: number;
  readonly expr: string;
  readonly samples: Readonly<Record<string, number>>;
}

/** `promtool check rules` over groups. Throws with what it says when it refuses them. */
export async function checkRules(groups: readonly PrometheusGroup[]): Promise<string> {
  return run(["check", "rules"], { "rules.yaml": { groups } }, "rules.yaml");
}

/**
 * `promtool test rules`: what expressions show when these series are scraped. Throws with what differs. `interval` is
 * the time between two samples.
 */
export async function testRules(input: {
  readonly groups: readonly PrometheusGroup[];
  readonly interval: string;
  readonly series: readonly Input[];
  readonly expect: readonly Expectation[];
  readonly alerts?: readonly Readonly<Record<string, unknown>>[];
}): Promise<string> {
  const { groups, interval, series, expect, alerts = [] } = input;
  const test = {
    rule_files: ["rules.yaml"],
    evaluation_interval: "30s",
    tests: [
      {
        interval,
        input_series: series.map(([name, values]) => ({ series: name, values })),
        promql_expr_test: expect.map(({ at, expr, samples }) => ({
          expr,
          eval_time: `${Math.round(at * 60)}s`,
          exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels, value })),
        })),
        alert_rule_test: alerts,
      },
    ],
  };
  return run(["test", "rules"], { "rules.yaml": { groups }, "test.yaml": test }, "test.yaml");
}

/** Writes files as JSON, which is YAML, into a folder of their own and runs promtool there. */
async function run(
  args: readonly string[],
  files: Readonly<Record<string, unknown>>,
  last: string,
): Promise<string> {
  const promtool = await tool("promtool");
  const folder = mkdtempSync(join(tmpdir(), "rollcall-promtool-"));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), JSON.stringify(content));
    return execFileSync(promtool, [...args, last], { cwd: folder, encoding: "utf8", stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
