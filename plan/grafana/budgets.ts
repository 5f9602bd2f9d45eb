import type { Environment, ResolvedRatio, Server } from "../../catalog/types.ts";
import { formatDuration, formatPercent, PPM } from "../../catalog/units.ts";
import { burnWindows } from "../burn.ts";
import type { ThresholdStep } from "./model.ts";
import { graphTile, type Tile } from "./panels.ts";
import { at, type Scope } from "./promql.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How much of the error budgets is left, with the steps of the policy. */
export function budgetTile(environment: Environment, scope: Scope, size: Size): Tile {
  const steps = environment.budgetPolicy.map(
    ({ spent, consequence }) => `${formatPercent(PPM - spent)} left: ${consequence}.`,
  );
  return graphTile({
    ...size,
    title: "Error budget that is left",
    description: `Share of each budget that nothing has spent yet, over the promise's own window. ${steps.join(" ")}`,
    unit: "percentunit",
    max: 1,
    steps: budgetSteps(environment),
    queries: [
      {
        expr: `min by (server, slo) (slo:period_error_budget_remaining:ratio${at(scope)})`,
        legend: "{{server}} {{slo}}",
      },
    ],
  });
}

/** How many times too fast the budgets burn, with the rates that page and that make a ticket. */
export function burnTile(environment: Environment, scope: Scope, size: Size): Tile {
  const rates = environment.burnRates.map(({ name, factor }) => `${name} at ${factor}`).join(", ");
  return graphTile({
    ...size,
    title: "Burn rate",
    description: `1 spends a budget exactly in its window. Alarms: ${rates}.`,
    unit: "suffix:x",
    steps: burnSteps(environment),
    queries: [
      {
        expr: `topk(20, max by (server, slo) (slo:current_burn_rate:ratio${at(scope)}))`,
        legend: "{{server}} {{slo}}",
      },
    ],
  });
}

/** Share of good checks against what is promised, over the long window of the fastest burn rate. */
export function promiseTile(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly objective: ResolvedRatio;
  readonly scope: Scope;
  readonly width: number;
  readonly height: number;
}): Tile | undefined {
  const { environment, server, objective, scope, width, height } = input;
  const fastest = burnWindows(environment, server, objective)[0];
  if (fastest === undefined) return undefined;
  const window = formatDuration(fastest.long.seconds * 1_000);
  const promised = objective.objective / PPM;
  const text = formatPercent(objective.objective);
  return graphTile({
    title: `${objective.name} (promised ${text} in ${formatDuration(objective.window)})`,
    description: `Share of good checks over the last ${window}. The line is the promise of the catalog, ${text}.`,
    width,
    height,
    unit: "percentunit",
    max: 1,
    limits: { worse: "lower", lines: [{ level: "promise", text, value: promised }] },
    queries: [
      {
        expr: `1 - slo:sli_error:ratio_rate${window}${at(scope, `slo="${objective.name}"`)}`,
        legend: "good checks",
      },
    ],
  });
}

/** Red when nothing is left, yellow past the first step of the policy, green before. */
export function budgetSteps({ budgetPolicy }: Environment): readonly ThresholdStep[] {
  const left = budgetPolicy.map(({ spent }) => (PPM - spent) / PPM).sort((a, b) => a - b);
  return [
    { value: null, color: "red" },
    ...left.map((value, index) => ({ value, color: index === left.length - 1 ? "green" : "yellow" })),
    ...(left.length === 0 ? [{ value: 0, color: "green" }] : []),
  ];
}

function burnSteps({ burnRates }: Environment): readonly ThresholdStep[] {
  const rates = [...burnRates].sort((a, b) => a.factor - b.factor);
  return [
    { value: null, color: "green" },
    ...rates.map(({ factor, family }) => ({
      value: factor,
      color: family === "budget-page" ? "red" : "orange",
    })),
  ];
}
