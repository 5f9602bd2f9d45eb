/**
 * Two engines, one promise: CloudWatch's alarms by our evaluator and the Prometheus rules by the real promtool, on the
 * same outages. Not proved here: that CloudWatch evaluates as our evaluator does; that is held to its documentation.
 */
import { expect, it } from "vitest";
import { disagreements } from "../../bench/alerts/agree.ts";
import { alertsOf, environmentOf } from "../../bench/alerts/ours.ts";
import { PEERS } from "../../bench/alerts/peers.ts";
import { type GaugeSeries, promtoolFirings } from "../../bench/alerts/promtool.ts";
import { randomOf } from "../../bench/alerts/traces.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan, PlannedComposite, PrometheusGroup, PrometheusRule } from "../../plan/types.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";

const TRACES = 1_000;
/** Traces in one run: promtool loads 10,000 samples at most, and half an hour in steps of 12 s has 150 a trace. */
const BATCH = 25;
const WORKERS = 2;
const SEED = 20_261_121;
/** Minutes: what has no history on the Prometheus side, the trace, and long enough to see what its end causes. */
const [LEAD, LENGTH, TAIL] = [10, 165, 5];
/** Clean minutes before it for CloudWatch, which averages its longest page window over whole hours. */
const HISTORY = 7 * 60;
const APART_MINUTES = 2;
const PAGES = ["MCPErrorBudgetPage", "MCPServerDown"];

/** Why a trace may page in one engine alone, or later than in the other: none is needed. */
const EXCEPTIONS: readonly { readonly reason: string; readonly trace: string }[] = [];

/** A server of 99.9 % by one check a minute. */
const SERVER = "memory";

describeWithTools(["promtool"], "the two engines", () => {
  it(`[CARD-05] page for the same outages, within ${APART_MINUTES} minutes of each other, on ${TRACES} traces`, async () => {
    const plan = buildPlan(environmentOf([SERVER]));
    const traces = sampleTraces();
    const prometheus = await prometheusPages(plan, traces);
    const found = { both: 0, neither: 0, apart: [] as string[] };
    for (const [name, failed] of traces) {
      const cloudWatch = cloudWatchPage(plan, failed);
      const other = prometheus.get(name);
      if (cloudWatch === undefined && other === undefined) found.neither += 1;
      else if (Math.abs((cloudWatch ?? Infinity) - (other ?? Infinity)) <= APART_MINUTES) found.both += 1;
      else if (!EXCEPTIONS.some(({ trace }) => trace === name))
        found.apart.push(`${name}: CloudWatch ${cloudWatch ?? "never"}, Prometheus ${other ?? "never"}`);
    }
    expect(found.apart).toEqual([]);
    // neither side may be empty, or the agreement would mean nothing
    expect(found.both).toBeGreaterThan(TRACES / 2);
    expect(found.neither).toBeGreaterThan(TRACES / 20);
  });

  it("are compared with peers whose windows say what promtool makes of their rules", async () => {
    expect(await disagreements(PEERS, SEED)).toEqual([]);
  });
});

/** Total outages, flapping, partial failures and noise, some of them one after the other. */
function sampleTraces(): ReadonlyMap<string, Uint8Array> {
  const random = randomOf(SEED);
  const below = (limit: number): number => Math.floor(random() * limit);
  const kinds = {
    outage: () => {
      const [from, length] = [below(LENGTH), 1 + below(below(2) === 0 ? 4 : 60)];
      return (minute: number) => minute >= from && minute < from + length;
    },
    flapping: () => {
      const [from, every, on] = [below(60), 2 + below(40), 1 + below(4)];
      return (minute: number) => minute >= from && (minute - from) % every < on;
    },
    partial: () => {
      const [from, length, share] = [below(90), 20 + below(75), 0.05 + random() * 0.7];
      return (minute: number) => minute >= from && minute < from + length && random() < share;
    },
    noise: () => {
      const share = 0.002 + random() * 0.03;
      return () => random() < share;
    },
  } as const satisfies Record<string, () => (minute: number) => boolean>;
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  return new Map(
    Array.from({ length: TRACES }, (_, nth) => {
      const kind = names[nth % names.length] ?? "noise";
      const second = below(4) === 0 ? names[below(names.length)] : undefined;
      const fails = [kind, ...(second === undefined ? [] : [second])].map((one) => kinds[one]());
      const failed = new Uint8Array(LEAD + LENGTH + TAIL);
      for (let minute = 0; minute < LENGTH; minute += 1)
        failed[LEAD + minute] = fails.some((one) => one(minute)) ? 1 : 0;
      return [`${kind}${second === undefined ? "" : `-${second}`}-${nth}`, failed] as const;
    }),
  );
}

/** The minute of the first page; the heartbeat, which Prometheus has as an inhibition, is left out of the rule. */
function cloudWatchPage(plan: Plan, failed: Uint8Array): number | undefined {
  const [server] = plan.servers;
  if (server === undefined) throw new Error("the plan has no server");
  const withHistory = new Uint8Array(HISTORY + failed.length);
  withHistory.set(failed, HISTORY);
  const [first] = alertsOf({
    server,
    failed: withHistory,
    phase: 0,
    pagesOnly: true,
    ruleOf: withoutHeartbeat,
  }).page;
  return first === undefined ? undefined : first.from / 60 - HISTORY;
}

function withoutHeartbeat({ definition }: PlannedComposite): string {
  const rule = definition.AlarmRule.replace(/ AND NOT ALARM\("[^"]*-heartbeat"\)$/, "");
  expect(rule).not.toBe(definition.AlarmRule);
  return rule;
}

/** The minute of the first page of each trace that has one, by the planned rules as they are but for the server. */
async function prometheusPages(
  plan: Plan,
  traces: ReadonlyMap<string, Uint8Array>,
): Promise<ReadonlyMap<string, number>> {
  const groups = pageGroups(plan);
  const intervals = new Set(groups.map(({ interval }) => interval));
  expect([...intervals]).toEqual(["30s"]);
  const pages = new Map<string, number>();
  const batches = Array.from({ length: Math.ceil(traces.size / BATCH) }, (_, nth) =>
    [...traces].slice(nth * BATCH, (nth + 1) * BATCH),
  );
  const work = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const fired = await promtoolFirings({
        groups,
        series: batch.flatMap(([name, failed]) => seriesOf(plan, name, failed)),
        minutes: LEAD + LENGTH + TAIL - 1,
        alerts: PAGES,
        everySeconds: 30,
      });
      for (const [name, { first }] of [...fired.values()].flatMap((firings) => [...firings]))
        pages.set(name, Math.min(first, pages.get(name) ?? Infinity));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return pages;
}

/** What the exporter shows of a server with an MCP path alone. */
function seriesOf({ environment }: Plan, server: string, failed: Uint8Array): GaugeSeries[] {
  const at = `environment="${environment}",server="${server}"`;
  return [`mcp_probe_success{${at},path="mcp"}`, `mcp_server_up{${at}}`].map((series) => ({
    series,
    failed,
  }));
}

/** What pages for the server and what that reads, for every server at once: its name is taken out. */
function pageGroups(plan: Plan): PrometheusGroup[] {
  const own = (rule: PrometheusRule): boolean => rule.labels?.server === SERVER;
  const rules = plan.prometheus.groups.flatMap((group) => group.rules.filter(own));
  const pages = rules.filter(({ alert }) => PAGES.includes(alert ?? ""));
  expect(pages.map(({ alert }) => alert).sort()).toEqual([...PAGES].sort());
  const isRead = ({ record }: PrometheusRule): boolean =>
    record !== undefined && pages.some(({ expr }) => expr.includes(`${record}{`));
  return plan.prometheus.groups.flatMap((group) => {
    const kept = group.rules.filter((rule) => pages.includes(rule) || (own(rule) && isRead(rule)));
    return kept.length === 0 ? [] : [{ ...group, rules: kept.map(ofEveryServer) }];
  });
}

function ofEveryServer({ expr, labels = {}, ...rule }: PrometheusRule): PrometheusRule {
  const { server: _, ...others } = labels;
  return { ...rule, expr: expr.replaceAll(`,server="${SERVER}"`, ""), labels: others };
}
