import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type RollcallError, unavailableError } from "../catalog/errors.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { checksOf } from "../plan/budget-checks.ts";
import { environmentOf, serversOf } from "./catalog.ts";
import { print, printJson } from "./output.ts";
import { openCloudWatch } from "./series-cloudwatch.ts";
import { History } from "./series-store.ts";
import { readCloudChecks } from "./slo-cloudwatch.ts";
import { type CheckSource, frozen, longestBurnMs, type SloReport, sloReport } from "./slo-report.ts";
import { sloJson, sloMarkdown, sloTable } from "./slo-text.ts";

/** With `--gate`: a budget's policy stops rollouts. */
const FROZEN = 1;

interface SloFlags {
  readonly server?: string;
  readonly state: string;
  readonly at?: number;
  readonly gate?: true;
  readonly format: "table" | "json" | "markdown";
}

/**
 * `rollcall slo [env]`: where every promise and its error budget stands. Reads measurements, changes nothing.
 */
export function sloCommand(): Command {
  return new Command("slo")
    .description("print where every promise stands: attained, error budget spent and left, burn rate")
    .argument("[env]", "environment", "local")
    .option("--server <server>", "this server only")
    .option("--state <folder>", "state folder of a local environment", ".rollcall")
    .option("--at <moment>", "judge at this moment instead of now, such as 2026-11-21T00:00:00Z", moment)
    .option("--gate", "exit 1 while the policy of a spent budget stops rollouts")
    .addOption(
      new Option("--format <format>", "how to print").choices(["table", "json", "markdown"]).default("table"),
    )
    .addHelpText(
      "after",
      "\nA local environment is read from its state folder, a cloud one from CloudWatch. Exit codes: 0; with --gate 1 while a freeze is in force; 69 when there is no data",
    )
    .action(async (name: string, flags: SloFlags) => {
      const environment = environmentOf(name);
      const servers = serversOf(environment, flags.server);
      const source = await openSource(environment, { servers, state: flags.state });
      let report: SloReport;
      try {
        report = await sloReport(environment, { servers, source, now: flags.at ?? Date.now() });
      } finally {
        source.close();
      }
      if (report.rows.every(({ total }) => total === 0)) throw noData(environment, report);
      if (flags.format === "json") printJson(sloJson(report));
      else print(flags.format === "markdown" ? sloMarkdown(report) : sloTable(report));
      if (flags.gate === true && frozen(report).length > 0) process.exitCode = FROZEN;
    });
}

async function openSource(
  environment: Environment,
  { servers, state }: { readonly servers: readonly Server[]; readonly state: string },
): Promise<CheckSource> {
  if (environment.aws === null) return storedChecks(environment, new History(resolve(state)));
  const reader = await openCloudWatch(environment.aws.region);
  const fineMs = longestBurnMs(environment, servers);
  return {
    read: (queries, now) =>
      readCloudChecks(reader, { environment: environment.name, queries, now, fineMs, today: Date.now() }),
    close: () => reader.close(),
  };
}

function storedChecks(environment: Environment, history: History): CheckSource {
  const quiet = history.quiet(environment);
  return {
    excludedOf: (server, range) => quiet.exclusions(server, range),
    read: async (queries, now) =>
      queries.map(({ server, metric, belowMs, windowMs }) => {
        const series = history.series({ server, metric }, { from: now - windowMs, to: now });
        return belowMs === null ? checksOf(series) : checksOf(series, (value) => value <= belowMs);
      }),
    close: () => history.close(),
  };
}

function noData({ name, aws }: Environment, { rows, at }: SloReport): RollcallError {
  const place = aws === null ? name : `${name}, CloudWatch in ${aws.region}`;
  const rule =
    rows.length === 0
      ? "has no objectives"
      : `there is no check of any objective before ${new Date(at).toISOString()}`;
  const cure =
    rows.length === 0
      ? "write objectives in the servers' files"
      : aws === null
        ? "run `npm start` for a while"
        : `see whether the probe runs: \`aws logs tail /rollcall/${name}/probe --since 15m\``;
  return unavailableError({ place, rule, cure });
}

function moment(text: string): number {
  const at = Date.parse(text);
  if (!/T.*(Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(at))
    throw new InvalidArgumentError(
      "must be a moment with its offset from UTC, such as 2026-11-21T00:00:00Z.",
    );
  return at;
}
