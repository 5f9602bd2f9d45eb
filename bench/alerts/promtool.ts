import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PrometheusGroup, PrometheusRule } from "../../plan/types.ts";
import { tool } from "../../test/support/toolchain.ts";

/** A series of one point a minute, each 1 where the check of that minute succeeded. */
export interface GaugeSeries {
  /** As a selector: `probe_success{server="a"}`. */
  readonly series: string;
  readonly failed: Uint8Array;
}

/** When an alert fired. */
export interface Firing {
  /** Minutes from the first point. */
  readonly first: number;
  readonly last: number;
  /** How many evaluations found it firing. */
  readonly times: number;
}

const NUMBERS = ["first", "last", "times"] as const;

/** What `promtool test rules` prints for a sample that was not expected. */
const SAMPLE = /\{([^}]*)\} ([-+.\dE]+)/g;

/**
 * Runs rules by the real promtool and gives for each of the `alerts` and each `server` label
 * when it fired; what never fired is left out. promtool says nothing about what it expects, so
 * that it is asked for what cannot be and read by what it got instead.
 */
export async function promtoolFirings(input: {
  readonly groups: readonly PrometheusGroup[];
  readonly series: readonly GaugeSeries[];
  readonly minutes: number;
  readonly alerts: readonly string[];
  /** Between two evaluations; promtool takes none from the groups. @default 60 */
  readonly everySeconds?: number;
}): Promise<Map<string, Map<string, Firing>>> {
  const { groups, series, minutes, alerts, everySeconds = 60 } = input;
  const all = [...groups, { name: "firings", rules: noted(alerts) }];
  const test = {
    rule_files: ["rules.json"],
    evaluation_interval: `${everySeconds}s`,
    group_eval_order: all.map(({ name }) => name),
    tests: [
      {
        interval: "1m",
        input_series: series.map(({ series: name, failed }) => ({ series: name, values: valuesOf(failed) })),
        promql_expr_test: NUMBERS.map((number) => ({
          expr: `firing:${number}`,
          eval_time: `${minutes}m`,
          exp_samples: [{ labels: "nothing_is_expected", value: 0 }],
        })),
      },
    ],
  };
  const folder = mkdtempSync(join(tmpdir(), "rollcall-promtool-"));
  try {
    // JSON is YAML
    writeFileSync(join(folder, "rules.json"), JSON.stringify({ groups: all }));
    writeFileSync(join(folder, "test.json"), JSON.stringify(test));
    return firingsIn(await run(await tool("promtool"), ["test", "rules", join(folder, "test.json")]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rules that note when an alert fires, each from its own value before; promtool takes no query over a long time. */
function noted(alerts: readonly string[]): PrometheusRule[] {
  const firing = `max by (alertname, server) (ALERTS{alertstate="firing",alertname=~"${alerts.join("|")}"})`;
  const before = (number: (typeof NUMBERS)[number]): string =>
    `max by (alertname, server) (firing:${number})`;
  const exprs = {
    first: `${before("first")} or (${firing} * time())`,
    last: `(${firing} * time()) or ${before("last")}`,
    times: `(${firing} + ${before("times")}) or ${firing} or ${before("times")}`,
  } as const satisfies Record<(typeof NUMBERS)[number], string>;
  return NUMBERS.map((number) => ({ record: `firing:${number}`, expr: exprs[number] }));
}

/** `1x29 0 1x30`: runs of equal values, the count being the repetitions after the first. */
export function valuesOf(failed: Uint8Array): string {
  const runs: string[] = [];
  for (let from = 0; from < failed.length; ) {
    let to = from + 1;
    while (to < failed.length && failed[to] === failed[from]) to += 1;
    runs.push(`${1 - (failed[from] ?? 0)}x${to - from - 1}`);
    from = to;
  }
  return runs.join(" ");
}

function firingsIn(output: string): Map<string, Map<string, Firing>> {
  const got = output.match(/got: .*/g) ?? [];
  if (got.length !== NUMBERS.length) throw new Error(`promtool did not say what fired: ${output}`);
  const [first, last, times] = got.map(valuesIn);
  const fired = new Map<string, Map<string, Firing>>();
  for (const [labels, seconds] of first ?? []) {
    const [alert = "", server = ""] = labels.split(" ");
    const ofAlert = fired.get(alert) ?? new Map<string, Firing>();
    ofAlert.set(server, {
      first: seconds / 60,
      last: (last?.get(labels) ?? Number.NaN) / 60,
      times: times?.get(labels) ?? Number.NaN,
    });
    fired.set(alert, ofAlert);
  }
  return fired;
}

/** The samples of one line by their alert and server. */
function valuesIn(line: string): Map<string, number> {
  const label = (labels: string, name: string): string =>
    new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
  return new Map(
    [...line.matchAll(SAMPLE)].map(([, labels = "", value = ""]) => [
      `${label(labels, "alertname")} ${label(labels, "server")}`,
      Number(value),
    ]),
  );
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const parts: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part: string) => parts.push(part));
    child.once("error", reject);
    child.once("close", () => resolve(parts.join("")));
  });
}
