import { Command, Option } from "commander";
import { catalogError, EXIT, RollcallError } from "../catalog/errors.ts";
import { environmentNames, loadEnvironment } from "../catalog/load.ts";
import { gitSource } from "../catalog/source.ts";
import { diffPlans } from "../plan/diff.ts";
import { explainPlan } from "../plan/explain.ts";
import { buildPlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { environmentOf } from "./catalog.ts";
import { diffMarkdown, diffTable } from "./diff-text.ts";
import { explainMarkdown, explainTable } from "./explain-text.ts";
import { print, printJson } from "./output.ts";
import { planMarkdown, planTable } from "./plan-text.ts";

type Format = "table" | "json" | "markdown";

interface PlanOptions {
  readonly base?: string;
  readonly explain?: true;
  readonly format: Format;
}

/** `rollcall plan <env>`: prints what an environment is to have. Pure, offline, changes nothing. */
export function planCommand(): Command {
  return new Command("plan")
    .description("print everything that an environment is to have, or what a branch changes in it")
    .argument("<env>", "environment")
    .addOption(
      new Option("--base <ref>", "print what differs from the catalog at this git revision").conflicts(
        "explain",
      ),
    )
    .option("--explain", "print how many failed checks each objective's alarms need, and for which sampling")
    .addOption(
      new Option("--format <format>", "how to print").choices(["table", "json", "markdown"]).default("table"),
    )
    .action((name: string, { base, explain, format }: PlanOptions) => {
      const environment = environmentOf(name);
      const plan = buildPlan(environment);
      if (explain === true) {
        const explanation = explainPlan(environment);
        if (format === "json") printJson(explanation);
        else print(format === "markdown" ? explainMarkdown(explanation) : explainTable(explanation));
        return;
      }
      if (base === undefined) {
        if (format === "json") printJson(plan);
        else print(format === "markdown" ? planMarkdown(plan) : planTable(plan));
        return;
      }
      const before = planAt(base, name) ?? { ...plan, catalog: "none", servers: [], escalations: [] };
      const diff = {
        environment: name,
        base,
        before: before.catalog,
        after: plan.catalog,
        changes: diffPlans(before, plan),
      };
      if (format === "json") printJson(diff);
      else print(format === "markdown" ? diffMarkdown(diff) : diffTable(diff));
    });
}

/**
 * The plan at a git revision, or undefined where it had no such environment; a problem of its catalog is placed as git
 * names the file: `main:stacks/local.yaml`.
 */
function planAt(revision: string, name: string): Plan | undefined {
  const source = gitSource(process.cwd(), revision);
  if (!environmentNames(source).includes(name)) return undefined;
  try {
    return buildPlan(loadEnvironment(source, name));
  } catch (error) {
    if (!(error instanceof RollcallError) || error.exitCode !== EXIT.catalog) throw error;
    // nobody can mend what is committed
    const cure = `compare with a revision whose catalog this Rollcall reads: ${revision} may be of an older one`;
    throw catalogError(error.problems.map((one) => ({ ...one, place: `${revision}:${one.place}`, cure })));
  }
}
