import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment, ResolvedObjective } from "../../catalog/types.ts";
import { planGrafana } from "../../plan/grafana/dashboards.ts";
import type { GrafanaDashboard, Panel } from "../../plan/grafana/model.ts";
import { PARTS, uidOf } from "../../plan/grafana/uids.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { exportedNames, expressionsOf, panelOf, panelsOf, seriesIn } from "../support/grafana-expressions.ts";

// Says what Grafana is given; that PromQL is valid and means what it should, is for test/real/grafana.test.ts.

const files = catalogFiles();
const environmentOf = (name: string, from = files) => loadEnvironment(mapSource(from), name);
const production = environmentOf("production");
const dashboards = planGrafana(production);

function dashboard(uid: string, among: readonly GrafanaDashboard[] = dashboards): GrafanaDashboard {
  const found = among.find((one) => one.uid === uid);
  if (found === undefined) throw new Error(`there is no ${uid}`);
  return found;
}

/** Where the lines of a panel are. */
function linesOf({ fieldConfig }: Panel): readonly (number | null)[] {
  return (fieldConfig?.defaults.thresholds?.steps ?? []).map(({ value }) => value);
}

const colorsOf = ({ fieldConfig }: Panel): readonly string[] =>
  (fieldConfig?.defaults.thresholds?.steps ?? []).map(({ color }) => color);

/** A catalog of many servers, made of the real ones. */
function fleetOf(count: number): Environment {
  const servers = Array.from({ length: count }, (_, index) => {
    const like = production.servers[index % production.servers.length];
    if (like === undefined) throw new Error("production has no servers");
    return { ...like, name: `server-${index}`, dashboards: false };
  });
  return { ...production, servers };
}

describe("the dashboards of all servers", () => {
  test.each(["local", "staging", "production"])(
    "[PLAY-09] %s has mcp-overview, mcp-performance and system-resources under the addresses of the handbook",
    (name) => {
      expect(
        planGrafana(environmentOf(name))
          .map(({ uid }) => uid)
          .slice(0, 3),
      ).toEqual(["mcp-overview", "mcp-performance", "system-resources"]);
    },
  );

  test("[PLAY-09] mcp-overview says at its top left who is in trouble, and beside it how many", () => {
    const panels = panelsOf(dashboard("mcp-overview").dashboard);
    const [first] = panels;
    expect(first).toMatchObject({ title: "In trouble, the worst first", gridPos: { x: 0, y: 1 } });
    const beside = panels.filter(({ gridPos }) => (gridPos?.y ?? 99) < 9).map(({ title }) => title);
    expect(beside).toEqual([
      "In trouble, the worst first",
      "Down",
      "Degraded",
      "Not watched",
      "Critical alarms",
      "Alarm rules",
    ]);
  });

  test("[PLAY-09] every state of a server has the word and the colour of its code", () => {
    const history = panelOf(dashboard("mcp-overview"), "Every server");
    expect(history.fieldConfig?.defaults.mappings?.[0]?.options).toMatchObject({
      "2": { text: "healthy", color: "green" },
      "1": { text: "degraded", color: "orange" },
      "0": { text: "down", color: "red" },
      "-1": { text: "unknown", color: "purple" },
    });
  });

  test("[PLAY-09] mcp-performance shows p50, p95 and p99 of both paths, and each promised time as a line", () => {
    const performance = dashboard("mcp-performance");
    for (const path of ["MCP exchange", "REST request"])
      for (const percentile of ["p50", "p95", "p99"])
        expect(panelOf(performance, `${percentile} of the ${path}`)).toMatchObject({ type: "timeseries" });
    expect(linesOf(panelOf(performance, /^task-mcp: latency-p95 .*200ms/))).toEqual([null, 0.2]);
    expect(linesOf(panelOf(performance, /^task-mcp: latency-p99 .*500ms/))).toEqual([null, 0.5]);
  });

  test.each([
    ["response-time", "s", [null, 0.5, 1, 2], "higher"],
    ["event-rate", "suffix:/min", [null, 10, 50, 100], "lower"],
    ["bridge-success", "percent", [null, 80, 90, 95], "lower"],
    ["memory", "decbytes", [null, 100e6, 150e6, 200e6], "higher"],
    ["cpu", "percent", [null, 50, 75, 90], "higher"],
    ["disk-io", "iops", [null, 1_000, 5_000, 10_000], "higher"],
  ])(
    "[CCT-01] system-resources draws target, warning and critical of %s in %s",
    (name, unit, lines, worse) => {
      const panel = panelOf(dashboard("system-resources"), new RegExp(`^cctelegram: ${name} `));
      expect(linesOf(panel)).toEqual(lines);
      expect(panel.fieldConfig?.defaults.unit).toBe(unit);
      const colors = ["green", "yellow", "orange", "red"];
      expect(colorsOf(panel)).toEqual(worse === "higher" ? colors : [...colors].reverse());
      expect(panel.fieldConfig?.defaults.custom).toMatchObject({ thresholdsStyle: { mode: "dashed" } });
    },
  );

  test("servers that promise the same share a panel, and one that promises otherwise has its own", () => {
    const titles = (among: Environment) =>
      panelsOf(dashboard("mcp-performance", planGrafana(among)).dashboard)
        .map(({ title }) => title)
        .filter((title) => title?.includes("latency-p95"));
    expect(titles(fleetOf(1_000)).length).toBe(titles(production).length);
    expect(titles(production)).toContain("11 servers: latency-p95 (promised below 5s)");
    expect(titles(production)).toContain("task-mcp: latency-p95 (promised below 200ms)");
  });

  test("a thousand servers have three dashboards, and each fits into a ConfigMap", () => {
    const many = planGrafana(fleetOf(1_000));
    expect(many.length).toBe(3);
    for (const { dashboard } of many) expect(JSON.stringify(dashboard).length).toBeLessThan(1_048_576);
  });

  test("a thousand servers that all promise something else have pages, and no number is left out", () => {
    const fleet = fleetOf(1_000);
    const servers = fleet.servers.map((server, index) => ({
      ...server,
      thresholds: [],
      objectives: [
        {
          name: "latency-p95",
          place: "here",
          sli: "latency" as const,
          percentile: 95,
          below: 100 + index,
        },
      ],
    }));
    const pages = planGrafana({ ...fleet, servers }).filter(({ uid }) => uid.startsWith("mcp-performance"));
    expect(pages.map(({ uid }) => uid).slice(0, 3)).toEqual([
      "mcp-performance",
      "mcp-performance-2",
      "mcp-performance-3",
    ]);
    const lines = pages.flatMap(({ dashboard }) =>
      panelsOf(dashboard)
        .filter(({ title }) => title?.includes("latency-p95"))
        .map((panel) => linesOf(panel)[1]),
    );
    expect(lines).toEqual(servers.map((_, index) => (100 + index) / 1_000));
    for (const { dashboard } of pages) expect(JSON.stringify(dashboard).length).toBeLessThan(1_048_576);
  });
});

test("an indicator, a share of fast checks and a rate of errors have their promise as a line, in either direction", () => {
  const common = { place: "here", objective: 995_000, window: 2_592_000_000, page: true } as const;
  const objectives: ResolvedObjective[] = [
    { ...common, name: "fast", sli: "latency-share", path: "rest", below: 300 },
    {
      ...common,
      name: "busy",
      sli: "kpi",
      metric: "cctelegram_events_per_minute",
      above: { text: "50/min", value: 50, dimension: "rate" },
    },
    {
      ...common,
      name: "young",
      sli: "freshness",
      metric: "cctelegram_age_seconds",
      below: { text: "15m", value: 900_000, dimension: "time" },
    },
    // a name of every object's own, and no metric of the probe
    {
      ...common,
      name: "odd",
      sli: "error-rate",
      metric: "constructor",
      below: { text: "1%", value: 1, dimension: "percent" },
    },
    {
      ...common,
      name: "uncounted",
      sli: "kpi",
      metric: "ProbeRuns",
      above: { text: "1%", value: 1, dimension: "percent" },
    },
  ];
  const servers = production.servers
    .filter(({ name }) => name === "cctelegram")
    .map((server) => ({ ...server, objectives, thresholds: [] }));
  const made = planGrafana({ ...production, servers });
  const fast = panelOf(dashboard("mcp-performance", made), "cctelegram: fast (promised below 300ms)");
  expect([linesOf(fast), colorsOf(fast)]).toEqual([
    [null, 0.3],
    ["green", "red"],
  ]);
  expect(fast.targets?.[0]?.expr).toContain("quantile_over_time(0.995, mcp_probe_duration_seconds{");
  const resources = dashboard("system-resources", made);
  const busy = panelOf(resources, "cctelegram: busy (promised above 50/min)");
  expect([linesOf(busy), colorsOf(busy)]).toEqual([
    [null, 50],
    ["red", "green"],
  ]);
  const young = panelOf(resources, "cctelegram: young (promised below 15m)");
  expect([linesOf(young), young.fieldConfig?.defaults.unit]).toEqual([[null, 900], "s"]);
  expect(panelOf(resources, /^cctelegram: odd/).targets?.[0]?.expr).toContain("(constructor{");
  expect(() => panelOf(resources, /^cctelegram: uncounted/)).toThrow("0 panels");
});

describe("the dashboards of one server", () => {
  const own = (part: string) => dashboard(`task-mcp-${part}`);

  test("[TASK-06] task-mcp has its four, because its catalog file asks for them, and no other server has any", () => {
    expect(dashboards.map(({ uid }) => uid).slice(3)).toEqual([
      "task-mcp-overview",
      "task-mcp-api",
      "task-mcp-infrastructure",
      "task-mcp-security",
    ]);
    const without = edited(files, { file: "stacks/servers/task-mcp.yaml", from: "dashboards: true", to: "" });
    expect(planGrafana(environmentOf("production", without)).length).toBe(3);
  });

  test("[TASK-06] task-mcp-overview has a panel for each promise with a budget, with the promise as its line", () => {
    expect(linesOf(panelOf(own("overview"), /^api-availability .*99\.9%/))).toEqual([null, 0.999]);
    expect(linesOf(panelOf(own("overview"), /^health-availability .*99\.95%/))).toEqual([null, 0.9995]);
    expect(linesOf(panelOf(own("overview"), "Burn rate"))).toEqual([null, 1, 3, 6, 14.4]);
    expect(linesOf(panelOf(own("overview"), "Error budget that is left"))).toEqual([null, 0, 0.5]);
  });

  test("[TASK-06] task-mcp-api shows its percentiles and its error rate against 200 ms, 500 ms and 1 %", () => {
    expect(linesOf(panelOf(own("api"), /^latency-p95/))).toEqual([null, 0.2]);
    expect(linesOf(panelOf(own("api"), /^latency-p99/))).toEqual([null, 0.5]);
    expect(linesOf(panelOf(own("api"), /^error-rate/))).toEqual([null, 1]);
  });

  test("[TASK-06] task-mcp-infrastructure shows memory against 1.5 and 2 GiB and its replicas against the fewest", () => {
    const memory = panelOf(own("infrastructure"), /^memory/);
    expect(linesOf(memory)).toEqual([null, 1.5 * 2 ** 30, 2 * 2 ** 30]);
    expect(memory.fieldConfig?.defaults.unit).toBe("bytes");
    expect(linesOf(panelOf(own("infrastructure"), /^Replicas/))).toEqual([null, 5]);
  });

  test("[TASK-06] task-mcp-security asks for security's alarms, refusals, changed tools and what runs out", () => {
    const exprs = expressionsOf(own("security")).map(({ expr }) => expr);
    for (const part of [
      'escalation=~"security"',
      "mcp_probe_refused",
      'mcp_server_tool_drift{environment="production",server="task-mcp",kind="wording"}',
      "mcp_certificate_expiry_seconds",
      "mcp_credential_expiry_seconds",
    ])
      expect(
        exprs.some((expr) => expr.includes(part)),
        part,
      ).toBe(true);
  });

  test("every expression is about this server of this environment alone", () => {
    for (const one of dashboards.slice(3))
      for (const { place, expr } of expressionsOf(one))
        for (const [selector] of expr.matchAll(/\{[^}]*\}/g))
          expect(selector, place).toMatch(/^\{environment="production",server="task-mcp"[,}]/);
  });
});

describe("every dashboard", () => {
  const environments = ["local", "staging", "production"].map((name) => environmentOf(name));
  const all = environments.flatMap((environment) =>
    planGrafana(environment).map((one) => ({ environment, one })),
  );

  test("begins with what is broken: alarms or states stand at its top left", () => {
    for (const { one } of all.filter(({ one }) => !/-\d+$/.test(one.uid))) {
      const [first] = panelsOf(one.dashboard);
      expect(first?.title, one.uid).toMatch(/^(In trouble|Alarms that fire|Security alarms that fire|State)/);
      expect(first?.gridPos).toMatchObject({ x: 0, y: 1 });
    }
  });

  test("asks only for series that the exporter shows, that a recording makes, or that Prometheus has", () => {
    for (const { environment, one } of all) {
      const recorded = planPrometheus(environment).flatMap(({ rules }) =>
        rules.flatMap(({ record }) => record ?? []),
      );
      const known = new Set([...exportedNames(environment), ...recorded, "ALERTS"]);
      for (const { place, expr } of expressionsOf(one))
        expect(
          seriesIn(expr).filter((name) => !known.has(name)),
          place,
        ).toEqual([]);
    }
  });

  test("asks recordings for promises and thresholds that they are made of", () => {
    for (const { environment, one } of all) {
      const made = planPrometheus(environment).flatMap(({ rules }) => rules);
      for (const { place, expr } of expressionsOf(one))
        for (const [, record, , label, value] of expr.matchAll(
          /((?:slo|rollcall):[\w:]+)\{([^}]*),(slo|threshold)="([^"]+)"\}/g,
        ))
          expect(
            made.some((rule) => rule.record === record && rule.labels?.[label ?? ""] === value),
            place,
          ).toBe(true);
    }
  });

  test("leaves out the alert that always fires, and those that only say that a level is told", () => {
    const alerts = environments.flatMap((environment) =>
      planPrometheus(environment).flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])),
    );
    expect(alerts).toContain("Watchdog");
    expect(alerts).toContain("MCPEscalation");
    for (const { one } of all)
      for (const { place, expr } of expressionsOf(one))
        for (const [selector] of expr.matchAll(/ALERTS\{[^}]*\}/g))
          expect(selector, place).toMatch(/alertname!~"Watchdog\|MCPEscalation"|alertname="Watchdog"/);
  });

  test("marks alarms on its graphs", () => {
    for (const { one } of all)
      expect(one.dashboard.annotations.list?.[0]?.expr, one.uid).toContain("ALERTS{");
  });

  test("has panels that do not overlap, within the grid, each with an id of its own and a title", () => {
    for (const { one } of all) {
      const flat = one.dashboard.panels.flatMap((panel) =>
        panel.type === "row" ? [panel, ...panel.panels] : [panel],
      );
      expect(new Set(flat.map(({ id }) => id)).size, one.uid).toBe(flat.length);
      const titles = panelsOf(one.dashboard).map(({ title }) => title);
      expect(titles.every((title) => title !== undefined && title !== "")).toBe(true);
      const open = one.dashboard.panels.map(({ gridPos }) => gridPos ?? { x: -1, y: -1, w: 0, h: 0 });
      for (const [index, a] of open.entries()) {
        expect(a.x >= 0 && a.x + a.w <= 24, one.uid).toBe(true);
        for (const b of open.slice(index + 1))
          expect(
            a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
            `${one.uid}: ${JSON.stringify([a, b])}`,
          ).toBe(false);
      }
    }
  });

  test("has a unit on every graph and number, and words behind every panel", () => {
    for (const { one } of all)
      for (const panel of panelsOf(one.dashboard)) {
        expect(panel.description, `${one.uid}: ${panel.title}`).toMatch(/\.$/);
        if (panel.type === "timeseries" || panel.type === "stat")
          expect(panel.fieldConfig?.defaults.unit, `${one.uid}: ${panel.title}`).toBeDefined();
      }
  });

  test("is plain JSON, the same each time", () => {
    for (const environment of environments) {
      const made = planGrafana(environment);
      expect(JSON.parse(JSON.stringify(made))).toEqual(made);
      expect(planGrafana(environment)).toEqual(made);
    }
  });
});

test("an address is one for each server and part, of at most 40 of a-z, 0-9 and -, and none of all servers", () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,48}$/);
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 8 }), (names) => {
      const uids = names.flatMap((server) => PARTS.map((part) => uidOf(server, part)));
      expect(new Set(uids).size).toBe(uids.length);
      for (const uid of uids) expect(uid).toMatch(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/);
    }),
  );
  expect(uidOf("mcp", "overview")).not.toBe("mcp-overview");
  expect(uidOf("task-mcp", "infrastructure")).toBe("task-mcp-infrastructure");
});
