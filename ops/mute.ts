import { Command, InvalidArgumentError } from "commander";
import { usageError } from "../catalog/errors.ts";
import { FLEET } from "../catalog/names.ts";
import { positiveDuration } from "../catalog/units.ts";
import { MAX_MUTE_MS } from "../monitor/mutes.ts";
import { utcText } from "../plan/maintenance.ts";
import { buildPlan } from "../plan/plan.ts";
import { environmentOf } from "./catalog.ts";
import { stateFlag } from "./monitor-request.ts";
import { cloudPlace } from "./mute-cloud.ts";
import { type MuteLine, type MutePlace, monitorPlace } from "./mute-place.ts";
import { print, table } from "./output.ts";

interface MuteFlags {
  /** Milliseconds. */
  readonly for?: number;
  readonly reason?: string;
  readonly env: string;
  readonly state: string;
  readonly list?: true;
  readonly end?: true;
}

/** `rollcall mute <server>`: alarms of a server tell nobody for a time. Writes to the monitor, or to CloudWatch. */
export function muteCommand(): Command {
  return new Command("mute")
    .description(
      "let the alarms of a server tell nobody for a time, which always ends; or end that, or list it",
    )
    .argument("[server]", `a server, or ${FLEET} for all of them`)
    .option("--for <duration>", "how long, at most 15d", muteLength)
    .option("--reason <text>", "why, as the status shows it")
    .option("--end", "end the mutes of the server now")
    .option("--list", "list what is muted or under maintenance")
    .option("--env <env>", "the environment", "local")
    .option("--state <folder>", "state folder of the local monitor", ".rollcall")
    .action(async (server: string | undefined, flags: MuteFlags) => {
      const order = orderOf(server, flags);
      const place = await placeOf(flags);
      if (order.verb === "list") print(listText(await place.list()));
      else if (order.verb === "end") await end(place, order.target);
      else await begin(place, order, flags);
    });
}

type Order =
  | { readonly verb: "list" }
  | { readonly verb: "end"; readonly target: string }
  | { readonly verb: "begin"; readonly target: string; readonly forMs: number; readonly reason: string };

/** What is asked for. @throws RollcallError (usage) when it is nothing, or two things at once. */
function orderOf(target: string | undefined, flags: MuteFlags): Order {
  const { list, end: ends, for: forMs, reason } = flags;
  const refuse = (rule: string, cure: string) => usageError({ place: "rollcall mute", rule, cure });
  if (list === true) {
    if (target === undefined && ends === undefined && forMs === undefined) return { verb: "list" };
    throw refuse("--list goes with nothing else", "use `rollcall mute --list`");
  }
  if (target === undefined) throw refuse("no server is named", `name one, or ${FLEET} for all of them`);
  if (ends === true) {
    if (forMs === undefined) return { verb: "end", target };
    throw refuse("--end and --for contradict each other", "leave one of them out");
  }
  if (forMs === undefined) throw refuse("has no end", "say how long with --for, such as --for 30m");
  if (reason === undefined || reason.trim() === "")
    throw refuse("has no reason", 'say why with --reason, such as --reason "upgrade of the disk"');
  return { verb: "begin", target, forMs, reason };
}

async function placeOf({ env, state }: MuteFlags): Promise<MutePlace> {
  const environment = environmentOf(env);
  if (environment.aws === null) return monitorPlace(state);
  const { servers, fleet } = buildPlan(environment);
  const { CloudWatchClient } = await import("@aws-sdk/client-cloudwatch");
  return cloudPlace({
    environment,
    composites: [...servers, fleet].flatMap(({ composites }) => composites),
    client: new CloudWatchClient({ region: environment.aws.region }),
  });
}

async function begin(
  place: MutePlace,
  { target, forMs, reason }: Extract<Order, { verb: "begin" }>,
  { env, state }: MuteFlags,
): Promise<void> {
  const { until } = await place.begin({ target, forMs, reason });
  const where = env === "local" ? stateFlag(state) : ` --env ${env}`;
  print(
    [
      `${target} is muted until ${utcText(until)}: its alarms tell nobody, and what is still wrong then is told then`,
      `end it   npx rollcall mute ${target} --end${where}`,
    ].join("\n"),
  );
}

async function end(place: MutePlace, target: string): Promise<void> {
  if ((await place.end(target)) > 0) return print(`${target} is no longer muted`);
  throw usageError({
    place: target,
    rule: "no mute of this name is on",
    cure: "see `rollcall mute --list`; a maintenance is ended in the catalog",
  });
}

function listText(lines: readonly MuteLine[]): string {
  if (lines.length === 0) return "nothing is muted and nothing is under maintenance";
  return table(
    lines.map(({ kind, name, reason, until }) => [
      kind,
      name,
      until === null ? "comes back" : `until ${utcText(until)}`,
      reason,
    ]),
  );
}

function muteLength(text: string): number {
  const parsed = positiveDuration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError("must be a duration with its unit, such as 30m.");
  if (parsed.data > MAX_MUTE_MS) throw new InvalidArgumentError("must be at most 15 days, such as 30m.");
  return parsed.data;
}
