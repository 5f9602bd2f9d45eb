import { Command, InvalidArgumentError, Option } from "commander";
import { usageError } from "../catalog/errors.ts";
import { positiveDuration } from "../catalog/units.ts";
import { replayDefinitions } from "./replay-definitions.ts";
import { replayEnvironment } from "./replay-environment.ts";

interface ReplayFlags {
  readonly trace?: string;
  readonly last?: number;
  readonly server?: string;
  readonly state: string;
  readonly definitions?: string;
  readonly series?: string;
  readonly actions?: true;
  readonly format: "table" | "json";
}

const PLACE = "rollcall replay";
const CURE = "name an environment, or give --definitions and --series, each with a file";

/** `rollcall replay`: tells what alarms would have done over a stretch of time. Changes nothing. */
export function replayCommand(): Command {
  return new Command("replay")
    .description("tell what alarms would have done, as CloudWatch evaluates them")
    .argument("[env]", "environment whose alarms are replayed over a trace or over what was measured")
    .option("--trace <trace>", "something that happens: a name of docs/traces, or a file")
    .option("--last <time>", "what was measured, up to now, such as 30d", span)
    .option("--server <server>", "print this server only")
    .option("--state <folder>", "state folder of a local environment", ".rollcall")
    .option("--definitions <file>", "alarms as `aws cloudwatch describe-alarms` prints them")
    .option("--series <file>", "samples to replay them over: start, end and metrics with their points")
    .option("--actions", "what each composite would have told, and what its suppressor held back")
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .action(async (name: string | undefined, flags: ReplayFlags) => {
      const { definitions, series, format, actions = false } = flags;
      if (name !== undefined && (definitions ?? series) !== undefined)
        throw usageError({
          place: name,
          rule: "an environment goes with no --definitions and no --series",
          cure: "give --trace or --last, or leave the environment out",
        });
      if (name !== undefined && actions)
        throw usageError({
          place: name,
          rule: "--actions goes with --definitions",
          cure: "leave it out: the replay of an environment says who is told",
        });
      if (name !== undefined) await replayEnvironment(name, flags);
      else if (definitions === undefined || series === undefined)
        throw usageError({ place: PLACE, rule: missing(flags), cure: CURE });
      else replayDefinitions({ definitions, series, format, actions });
    });
}

function span(text: string): number {
  const parsed = positiveDuration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("must be a time with its unit, such as 30d.");
  return parsed.data;
}

function missing({ definitions, series }: Pick<ReplayFlags, "definitions" | "series">): string {
  if (definitions === undefined && series === undefined) return "no alarms are named";
  return definitions === undefined ? "--definitions is missing" : "--series is missing";
}
