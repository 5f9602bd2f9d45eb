import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPlan } from "../../plan/plan.ts";
import type { PrometheusGroup } from "../../plan/types.ts";
import { tool } from "../../test/support/toolchain.ts";
import { valuesOf } from "../alerts/promtool.ts";
import { noise, randomOf } from "../alerts/traces.ts";
import { fleetOf } from "./fleet.ts";

const MINUTES = 1_440;
const SELECTOR = /\b([a-zA-Z_]\w*)\{([^}]*)\}/g;

/**
 * Milliseconds that `promtool test rules` takes for one day of the planned rules of some servers, one point and one
 * evaluation a minute: half of the evaluations that the rules ask for.
 */
export async function promtoolDay(servers: number): Promise<number> {
  const plan = buildPlan(fleetOf(servers));
  const names = new Set(plan.servers.map(({ server }) => server));
  const groups = plan.prometheus.groups.filter(({ rules }) =>
    rules.some(({ labels }) => names.has(labels?.server ?? "")),
  );
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-replay-"));
  try {
    writeFileSync(join(folder, "rules.json"), JSON.stringify({ groups }));
    writeFileSync(join(folder, "test.json"), JSON.stringify(testOf(groups)));
    const started = performance.now();
    const child = spawn(await tool("promtool"), ["test", "rules", join(folder, "test.json")]);
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part: string) => said.push(part));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`promtool: ${said.join("").slice(0, 500)}`);
    return performance.now() - started;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function testOf(groups: readonly PrometheusGroup[]): object {
  const random = randomOf(1);
  const failed = noise({ random, minutes: MINUTES, probability: 0.001, lead: 0 });
  return {
    rule_files: ["rules.json"],
    evaluation_interval: "1m",
    group_eval_order: groups.map(({ name }) => name),
    tests: [
      {
        interval: "1m",
        input_series: seriesOf(groups).map((series) => ({
          series,
          values: /success|_up\b/.test(series) ? valuesOf(failed) : `0x${MINUTES - 1}`,
        })),
        promql_expr_test: [
          { expr: "vector(1)", eval_time: `${MINUTES}m`, exp_samples: [{ labels: "{}", value: 1 }] },
        ],
      },
    ],
  };
}

/** The series that rules read and do not record, as their selectors name them. */
function seriesOf(groups: readonly PrometheusGroup[]): string[] {
  const selectors = groups
    .flatMap(({ rules }) => rules)
    .flatMap(({ expr }) => [...expr.matchAll(SELECTOR)])
    .filter(([, name = "", labels = ""]) => !name.includes(":") && name !== "ALERTS" && !/[!~]/.test(labels))
    .map(([text]) => text);
  return [...new Set(selectors)].filter((selector) => !/^(ratio_rate|ratio)/.test(selector));
}
