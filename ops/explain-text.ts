import { formatDuration, formatPercent } from "../catalog/units.ts";
import { type Explanation, tierText } from "../plan/explain.ts";
import { paint, table } from "./output.ts";

/** Failures per tier as a person reads them: the environment's objectives, then objectives by sampling. */
export function explainTable(explanation: Explanation): string {
  const { environment, objectives, sampling, tiers } = explanation;
  const perObjective = objectives.map(
    ({ server, objective, objectivePpm, windowMs, intervalMs, budgetMs, tiers: own }) =>
      [
        `${paint("bold", `${server} ${objective}`)}  ${formatPercent(objectivePpm)} in ${formatDuration(windowMs)}, a check every ${formatDuration(intervalMs)}, budget ${minutes(budgetMs)} min`,
        table(
          own.map((tier) => [
            tier.name,
            tier.family === "budget-page" ? "pages" : "ticket",
            `${tier.factor}x`,
            tierText(tier),
            `${tier.budgetPercent} % of the budget`,
          ]),
        ),
      ].join("\n"),
  );
  const head = [
    "",
    ...(sampling[0]?.cells ?? []).map(({ intervalMs }) => `every ${formatDuration(intervalMs)}`),
  ];
  const rows = sampling.map(({ objectivePpm, cells }) => [
    formatPercent(objectivePpm),
    ...cells.map(({ failures }) => failures?.join(" / ") ?? "refused"),
  ]);
  const cures = sampling.flatMap(({ objectivePpm, cells }) =>
    cells.flatMap(({ intervalMs, cure }) =>
      cure === null ? [] : [[`${formatPercent(objectivePpm)} every ${formatDuration(intervalMs)}`, cure]],
    ),
  );
  return [
    `${environment}: failed checks that each tier needs in its long and in its short window`,
    ...perObjective,
    `${paint("bold", "objective x interval")}  fewest failed checks with which ${tiers.join(" / ")} fire\n${table([head, ...rows])}`,
    ...(cures.length === 0 ? [] : [`${paint("bold", "refused")}\n${table(cures)}`]),
  ].join("\n\n");
}

/** The same for a pull request or a wiki. */
export function explainMarkdown(explanation: Explanation): string {
  const { environment, objectives, sampling, tiers } = explanation;
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `# ${environment}: failed checks that each tier needs`,
    [
      row(["server", "objective", "promise", "check every", ...tiers]),
      row(["---", "---", "---", "---", ...tiers.map(() => "---")]),
      ...objectives.map(({ server, objective, objectivePpm, windowMs, intervalMs, tiers: own }) =>
        row([
          server,
          objective,
          `${formatPercent(objectivePpm)} in ${formatDuration(windowMs)}`,
          formatDuration(intervalMs),
          ...tiers.map((name) => {
            const tier = own.find((one) => one.name === name);
            return tier === undefined ? "–" : tierText(tier);
          }),
        ]),
      ),
    ].join("\n"),
    `## objective x interval: fewest failed checks with which ${tiers.join(" / ")} fire`,
    [
      row(["objective", ...(sampling[0]?.cells ?? []).map(({ intervalMs }) => formatDuration(intervalMs))]),
      row(["---", ...(sampling[0]?.cells ?? []).map(() => "---")]),
      ...sampling.map(({ objectivePpm, cells }) =>
        row([
          formatPercent(objectivePpm),
          ...cells.map(({ failures, cure }) => failures?.join(" / ") ?? `refused: ${cure ?? ""}`),
        ]),
      ),
    ].join("\n"),
  ].join("\n\n");
}

const minutes = (ms: number): number => Math.round(ms / 600) / 100;
