import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, Option } from "commander";
import { EXIT, unavailableError, usageError } from "../catalog/errors.ts";
import { type EscalatorPlan, escalatorOf } from "../plan/escalator.ts";
import { buildPlan } from "../plan/plan.ts";
import { environmentOf } from "./catalog.ts";
import { type EscalationAccount, openEscalation } from "./escalation-account.ts";
import { type DrillReport, type DrillState, drillDeadline, drillReport } from "./escalation-drill.ts";
import { drillLine, drillTable, statusTable } from "./escalation-text.ts";
import { print, printJson } from "./output.ts";

const POLL_MS = 1_000;

interface DrillFlags {
  readonly escalation?: string;
  readonly fast?: true;
  readonly format: "table" | "json";
}

/** `rollcall escalation`: whether the people of an environment in the cloud can be told. */
export function escalationCommand(): Command {
  return new Command("escalation")
    .description("drill an escalation of the cloud, or list who is not told")
    .argument("[command]", "drill or status")
    .action((command?: string) => {
      const rule = command === undefined ? "no command was given" : `unknown command '${command}'`;
      throw usageError({ place: "rollcall escalation", rule, cure: "name one of drill, status" });
    })
    .addCommand(asPart(drillCommand()))
    .addCommand(asPart(statusCommand()));
}

/** `rollcall escalation drill <env>`: tells every level, marked as a drill. Touches no alarm. */
function drillCommand(): Command {
  return new Command("drill")
    .description("tell every level of an escalation, marked as a drill, and report what arrived and when")
    .argument("<env>", "environment of the cloud")
    .option("--escalation <name>", "which escalation (the environment's default)")
    .option("--fast", "10 s between the levels instead of the catalog's times")
    .addOption(format())
    .action(async (name: string, flags: DrillFlags) => {
      const { plan, region } = cloudPlan(name);
      const escalation = plan.escalations.find(
        (one) => one.escalation === (flags.escalation ?? plan.fallback),
      );
      if (escalation === undefined) {
        throw usageError({
          place: `--escalation ${flags.escalation ?? plan.fallback}`,
          rule: `there is no escalation of this name in ${name}`,
          cure: `name one of ${plan.escalations.map((one) => one.escalation).join(", ")}`,
        });
      }
      const account = await openEscalation({ plan, region });
      const report = await drill(account, {
        plan,
        escalation,
        fast: flags.fast === true,
        quiet: flags.format === "json",
      });
      if (flags.format === "json") printJson(report);
      else print(drillTable(report));
      process.exitCode = EXIT[report.verdict];
    });
}

/** `rollcall escalation status <env>`: the topics of an environment, who has not confirmed and who is missing. */
function statusCommand(): Command {
  return new Command("status")
    .description("list the topics of every level, who has not confirmed to be told, and who is missing")
    .argument("<env>", "environment of the cloud")
    .addOption(format())
    .action(async (name: string, flags: Pick<DrillFlags, "format">) => {
      const { plan, region } = cloudPlan(name);
      const account = await openEscalation({ plan, region });
      const topics = await account.topics();
      const pending = topics.flatMap((topic) => topic.pending).length;
      const missing = topics.flatMap((topic) => topic.missing).length;
      const isWhole = missing === 0 && topics.every(({ exists }) => exists);
      if (flags.format === "json") printJson({ environment: name, pending, missing, topics });
      else print(statusTable(name, topics));
      process.exitCode = isWhole ? (pending === 0 ? EXIT.healthy : EXIT.degraded) : EXIT.unhealthy;
    });
}

async function drill(
  account: EscalationAccount,
  input: {
    readonly plan: EscalatorPlan;
    readonly escalation: EscalatorPlan["escalations"][number];
    readonly fast: boolean;
    readonly quiet: boolean;
  },
): Promise<DrillReport> {
  const { plan, escalation, fast, quiet } = input;
  const incident = randomBytes(16).toString("hex");
  const started = Date.now();
  const by = userInfo().username;
  const at = new Date(started).toISOString();
  const topics = await account.topics();
  await account.publish({
    type: "rollcall.drill",
    incident,
    escalation: escalation.escalation,
    fast,
    by,
    at,
  });
  const deadline = drillDeadline({ escalation, fast, started });
  const said = new Set<string>();
  let state: DrillState = { record: undefined, arrivals: new Map() };
  while (Date.now() < deadline) {
    state = await account.drillState(incident);
    const report = drillReport({ plan, escalation, incident, started, state, topics, fast });
    for (const line of quiet ? [] : drillLine(report)) {
      if (!said.has(line)) print(line);
      said.add(line);
    }
    if (report.over) return report;
    await sleep(POLL_MS);
  }
  if (state.record === undefined) {
    throw unavailableError({
      place: `topic ${plan.intake}`,
      rule: "the drill was published and nothing began it",
      cure: `see the log group ${plan.logGroup} and the queue ${plan.deadLetters}`,
    });
  }
  return drillReport({ plan, escalation, incident, started, state, topics, fast });
}

/** @throws RollcallError (usage) for an environment that is not in the cloud */
function cloudPlan(name: string): { readonly plan: EscalatorPlan; readonly region: string } {
  const environment = environmentOf(name);
  if (environment.aws === null) {
    throw usageError({
      place: name,
      rule: "is an environment of one machine, which escalates without AWS",
      cure: "name one of the cloud; here use `rollcall drill stop <server>`",
    });
  }
  return { plan: escalatorOf(buildPlan(environment)), region: environment.aws.region };
}

const format = (): Option =>
  new Option("--format <format>", "how to print").choices(["table", "json"]).default("table");

/** What `main` gives each command of its own. */
function asPart(command: Command): Command {
  return command
    .option("--debug", "print stack traces")
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
}
