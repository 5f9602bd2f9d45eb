/** The dashboards' expressions as promtool reads and evaluates them. Not proved here: what Grafana draws of them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import type { Environment } from "../../catalog/types.ts";
import { planGrafana } from "../../plan/grafana/dashboards.ts";
import { occurrences } from "../../plan/maintenance.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { asAsked, expressionsOf, panelOf } from "../support/grafana-expressions.ts";
import { tool } from "../support/toolchain.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const environmentOf = (name: string) => loadEnvironment(diskSource(ROOT), name);

describeWithTools(["promtool"], "the expressions of the dashboards", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-grafana-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function promtool(verb: "check" | "test", content: unknown): Promise<string> {
    const file = join(folder, `${verb}.yaml`);
    writeFileSync(file, dump(content, { lineWidth: -1 }));
    return execFileSync(await tool("promtool"), [verb, "rules", file], { encoding: "utf8", stdio: "pipe" });
  }

  /** What an expression gives in the first minutes of 1970. */
  function evaluates(input: {
    readonly series: Readonly<Record<string, string>>;
    readonly expr: string;
    readonly samples: readonly { readonly labels: string; readonly value: number }[];
  }): Promise<string> {
    const { series, expr, samples } = input;
    return promtool("test", {
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: [{ expr: asAsked(expr), eval_time: "5m", exp_samples: samples }],
        },
      ],
    });
  }

  const overview = (title: string): readonly string[] => {
    const [dashboard] = planGrafana(environmentOf("production"));
    if (dashboard === undefined) throw new Error("production has no dashboards");
    return panelOf(dashboard, title).targets?.map(({ expr }) => expr) ?? [];
  };
  const production = (name: string, labels: string) => `${name}{environment="production",${labels}}`;
  const status = (server: string) => production("mcp_server_health_status", `server="${server}"`);

  it.each(["local", "staging", "production"])("[PLAY-09] of %s are accepted by promtool", async (name) => {
    const exprs = planGrafana(environmentOf(name)).flatMap(expressionsOf);
    const rules = exprs.map(({ expr }, index) => ({ record: `panel:${index}`, expr }));
    expect(await promtool("check", { groups: [{ name: "panels", rules }] })).toContain(
      `SUCCESS: ${exprs.length} rules found`,
    );
  });

  it("[PLAY-09] name as in trouble who is not healthy and whom an alarm fires for, and nobody else", async () => {
    const [states = "", alarms = ""] = overview("In trouble, the worst first");
    const series = {
      [status("down")]: "0x10",
      [status("degraded")]: "1x10",
      [status("alarmed")]: "2x10",
      [status("well")]: "2x10",
      'mcp_server_health_status{environment="staging",server="elsewhere"}': "0x10",
      [production("ALERTS", 'alertname="A",alertstate="firing",server="alarmed"')]: "1x10",
      [production("ALERTS", 'alertname="A",alertstate="pending",server="well"')]: "1x10",
      [production("ALERTS", 'alertname="B",alertstate="firing",server="silent"')]: "1x10",
      [production("ALERTS", 'alertname="Watchdog",alertstate="firing",server="fleet"')]: "1x10",
      [production("ALERTS", 'alertname="MCPEscalation",alertstate="firing",server="well"')]: "1x10",
    };
    await evaluates({
      series,
      expr: states,
      samples: [
        { labels: '{server="down"}', value: 0 },
        { labels: '{server="degraded"}', value: 1 },
        { labels: '{server="alarmed"}', value: 2 },
      ],
    });
    // nobody has a verdict on it, and it has its row
    await evaluates({
      series,
      expr: alarms,
      samples: [
        { labels: '{server="alarmed"}', value: 1 },
        { labels: '{server="silent"}', value: 1 },
      ],
    });
  });

  it("[PLAY-09] count who is down by the worst that any probe saw, and 0 when nobody is", async () => {
    const [down = ""] = overview("Down");
    const seen = (one: string, other: string) => ({
      [production("mcp_server_health_status", 'server="a",instance="1"')]: one,
      [production("mcp_server_health_status", 'server="a",instance="2"')]: other,
    });
    await evaluates({ series: seen("2x10", "0x10"), expr: down, samples: [{ labels: "{}", value: 1 }] });
    await evaluates({ series: seen("2x10", "2x10"), expr: down, samples: [{ labels: "{}", value: 0 }] });
  });

  it("[PLAY-09] count who is not watched, also when nobody is", async () => {
    const [expr = ""] = overview("Not watched");
    const count = environmentOf("production").servers.length;
    const run = (server: string) => production("mcp_probe_last_run_timestamp_seconds", `server="${server}"`);
    // at 300 s: one check is of now, the other of long before
    const series = { [run("fresh")]: "300x10", [run("stale")]: "-9000x10" };
    await evaluates({ series, expr, samples: [{ labels: "{}", value: count - 1 }] });
    await evaluates({ series: {}, expr, samples: [{ labels: "{}", value: count }] });
  });

  it("[PLAY-09] tell silence from health: without the alert that always fires nothing is judged", async () => {
    const [expr = ""] = overview("Alarm rules");
    const watchdog = production("ALERTS", 'alertname="Watchdog",alertstate="firing",server="fleet"');
    await evaluates({ series: { [watchdog]: "1x10" }, expr, samples: [{ labels: "{}", value: 1 }] });
    await evaluates({ series: {}, expr, samples: [{ labels: "{}", value: 0 }] });
  });

  it("mark a maintenance exactly while it lasts, over the change of the clocks", async () => {
    const zone = "Europe/Berlin";
    const environment: Environment = {
      ...environmentOf("production"),
      maintenance: [
        {
          name: "patches",
          servers: ["task-mcp"],
          reason: "Patches of the nodes",
          zone,
          durationMs: 7_200_000,
          schedule: { kind: "weekly", on: ["sun", "wed"], at: "01:30", until: "2026-11-30" },
        },
      ],
    };
    const [maintenance] = environment.maintenance;
    const dashboards = planGrafana(environment);
    const marks = dashboards.map(({ dashboard }) => dashboard.annotations.list?.slice(1) ?? []);
    expect(marks.map((list) => list.map(({ name, textFormat }) => [name, textFormat]))).toEqual(
      dashboards.map(() => [["Maintenance patches", "Patches of the nodes"]]),
    );
    const expr = marks[0]?.[0]?.expr ?? "";
    if (maintenance === undefined) throw new Error("there is no maintenance");
    const all = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) };
    const stretches = occurrences(maintenance, all);
    expect(stretches.length).toBe(95);
    const moments = stretches.flatMap(({ from, to }) => [from - 1_000, from, to - 1_000, to]);
    const cases = moments.map((moment) => ({
      // promtool's time begins with 1970; what the expression reads is the clock alone
      expr: expr.replaceAll("time()", `${moment / 1_000}`),
      eval_time: "0s",
      exp_samples: stretches.some(({ from, to }) => from <= moment && moment < to)
        ? [{ labels: "{}", value: moment / 1_000 }]
        : [],
    }));
    await promtool("test", {
      evaluation_interval: "1m",
      tests: [{ interval: "1m", promql_expr_test: cases }],
    });
  });
});
