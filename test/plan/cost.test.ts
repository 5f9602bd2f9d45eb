import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { planTable } from "../../ops/plan-text.ts";
import { buildPlan } from "../../plan/plan.ts";
import { PRICES, type PriceName, priceOf } from "../../plan/prices.ts";
import { LINE_BYTES } from "../../plan/usage.ts";
import { check } from "../../probes/check.ts";
import { measuresOf } from "../../probes/measure.ts";
import { emfLine } from "../../probes/sinks/emf.ts";
import { modernServer, over } from "../support/servers.ts";

const environment = loadEnvironment(diskSource(`${import.meta.dirname}/../..`), "production");
const plan = buildPlan(environment);
const { cost } = plan;
if (cost === null) throw new Error("production costs nothing");

describe("the price of a quantity", () => {
  it("is charged tier by tier, as CloudWatch charges custom metrics", () => {
    expect(priceOf("metric", 10_000)).toBeCloseTo(3_000, 6);
    expect(priceOf("metric", 10_001)).toBeCloseTo(3_000.1, 6);
    expect(priceOf("metric", 260_000)).toBeCloseTo(3_000 + 24_000 + 500, 6);
  });

  it("never falls when more is used, and never rises faster than its first tier", () => {
    const names = Object.keys(PRICES) as PriceName[];
    const amount = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(fc.constantFrom(...names), amount, amount, (name, some, more) => {
        const step = priceOf(name, some + more) - priceOf(name, some);
        expect(step).toBeGreaterThanOrEqual(-1e-9);
        expect(step).toBeLessThanOrEqual(more * PRICES[name].tiers[0][1] + 1e-6);
      }),
    );
  });
});

describe("what an environment costs", () => {
  it("is the sum of its lines, and of its servers and what they share", () => {
    const lines = cost.lines.reduce((sum, { monthly }) => sum + monthly, 0);
    const servers = cost.servers.reduce((sum, { monthly }) => sum + monthly, 0);
    expect(cost.monthly).toBeCloseTo(lines, 2);
    expect(cost.monthly).toBeCloseTo(servers + cost.shared, 2);
    expect(cost.shared).toBeGreaterThan(0);
  });

  it("counts what the plan has, each line with its arithmetic", () => {
    const everything = [...plan.servers, plan.fleet];
    const quantityOf = (what: string) => cost.lines.find((line) => line.what === what)?.quantity;
    expect(quantityOf("composite alarms")).toBe(everything.flatMap(({ composites }) => composites).length);
    expect(quantityOf("custom metrics")).toBeLessThan(plan.servers.length * 12);
    for (const { how, what } of cost.lines) expect(how, what).not.toBe("");
  });

  it("counts the seconds that Lambda bills, which are those that a run waits between samples", () => {
    const billed = (server: string): number => {
      const one = { ...environment, servers: environment.servers.filter(({ name }) => name === server) };
      const line = buildPlan(one).cost?.lines.find(({ what }) => what === "GB-seconds on arm64");
      expect(line?.how).toContain("43800 runs of");
      return line?.quantity ?? 0;
    };
    // one sample: a second a run, 43,800 runs, a quarter of a GB
    expect(billed("filesystem")).toBe(10_950);
    // six samples, the last after 42 s: a failed check is repeated and may take until second 50
    expect(billed("task-mcp")).toBe(43_800 * 43 * 0.25);
    expect(priceOf("lambdaTime", 43_800 * 43 * 0.25)).toBeCloseTo(6.28, 2);
  });

  it("counts a line for each check of every prober whose lines are shipped", () => {
    const { kubernetes } = environment;
    if (kubernetes === null) throw new Error("production has a cluster");
    const gbOf = (logs: "ship" | "existing"): string | undefined =>
      buildPlan({ ...environment, kubernetes: { ...kubernetes, logs } }).cost?.lines.find(({ what }) =>
        what.startsWith("GB of log lines"),
      )?.how;
    // 11 servers a minute, 3 each fifth, 6 samples of one: 17.6 checks a minute, 1,900 bytes each
    expect(gbOf("existing")).toContain("1.46 GB of the probe at 1900 bytes");
    expect(gbOf("ship")).toContain("2.93 GB of 2 probers at 1900 bytes");
  });

  it("counts as many bytes a line as a line of a shipped server has", async () => {
    await using live = await modernServer();
    const target = plan.probe?.lambda.roster.targets.find(({ server }) => server === "brave-search");
    if (target === undefined) throw new Error("brave-search is not probed from AWS");
    const here = { ...target, mcp: over(live.url), rest: null, allowPrivate: true };
    const observation = await check(here);
    const line = emfLine({
      observation,
      measures: measuresOf(observation),
      environment: "production",
      published: new Set(target.metrics),
      runner: "aws",
    });
    expect(observation.result.status).toBe("healthy");
    expect(Buffer.byteLength(line)).toBeGreaterThan(0.7 * LINE_BYTES);
    expect(Buffer.byteLength(line)).toBeLessThan(LINE_BYTES);
  });

  it("stays below the catalog's ceiling in every environment of the catalog, and the plan says when it does not", () => {
    expect(cost.ceiling).not.toBeNull();
    expect(cost.monthly).toBeLessThanOrEqual(cost.ceiling ?? 0);
    expect(planTable(plan)).toContain(`ceiling ${cost.ceiling?.toFixed(2)} USD`);
    const dear = buildPlan({ ...environment, costCeiling: 1 });
    expect(planTable(dear)).toContain("OVER the ceiling of 1.00 USD");
  });

  it("is shown by service and by server, with the day of the prices", () => {
    const text = planTable(plan);
    for (const { service, what } of cost.lines) expect(text).toMatch(new RegExp(`${service} +${what}`));
    for (const { server, monthly } of cost.servers)
      expect(text).toMatch(new RegExp(`of it +${server} +${monthly.toFixed(2)} USD`));
    expect(text).toContain("prices of us-east-1, 2026-11-21: eu-west-1 asks its own");
    expect(text).toContain("ceiling 180.00 USD, at prices of us-east-1");
  });

  it("is nothing where nothing is billed", () => {
    const local = buildPlan(loadEnvironment(diskSource(`${import.meta.dirname}/../..`), "local"));
    expect(local.cost).toBeNull();
  });
});
