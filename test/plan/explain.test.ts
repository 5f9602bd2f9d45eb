import { expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { explainTable } from "../../ops/explain-text.ts";
import { explainPlan, tierText } from "../../plan/explain.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";

const explanation = explainPlan(loadEnvironment(mapSource(catalogFiles()), "production"));

test("every objective with a budget is explained by the failures that each tier needs, and what they cost", () => {
  const found = explanation.objectives.find(({ server }) => server === "cctelegram");
  expect(found).toMatchObject({ objective: "availability", intervalMs: 60_000, budgetMs: 2_592_000 });
  expect(found?.tiers.map((tier) => `${tier.name}: ${tierText(tier)}, ${tier.budgetPercent} %`)).toEqual([
    "page-fast: 1 of 60 in 1h and 2 of 5 in 5m, 4.6 %",
    "page-slow: 5 of 360 in 6h and 1 of 30 in 30m, 11.6 %",
    "ticket-fast: 5 of 1440 in 1d and 1 of 120 in 2h, 11.6 %",
    "ticket-slow: 5 of 4320 in 3d and 1 of 360 in 6h, 11.6 %",
  ]);
});

test("the table of objectives and intervals says how many failed checks fire a tier, or what would carry the promise", () => {
  const row = explanation.sampling.find(({ objectivePpm }) => objectivePpm === 999_000);
  expect(row?.cells.map(({ intervalMs, failures, toPage }) => [intervalMs, failures, toPage])).toEqual([
    [10_000, [6, 13, 26, 26], 6],
    [30_000, [3, 6, 9, 9], 3],
    [60_000, [2, 5, 5, 5], 2],
    [300_000, null, null],
  ]);
  expect(row?.cells.at(-1)?.cure).toBe("set probe.samples: 4, or promise 99.75% or less");
  for (const { cells } of explanation.sampling)
    for (const { failures, cure } of cells) expect(failures === null).toBe(cure !== null);
});

test("a person reads the same numbers", () => {
  const text = explainTable(explanation);
  expect(text).toMatch(
    /99\.9% {2,}6 \/ 13 \/ 26 \/ 26 {2,}3 \/ 6 \/ 9 \/ 9 {2,}2 \/ 5 \/ 5 \/ 5 {2,}refused/,
  );
  expect(text).toContain("99.9% every 5m");
});
