import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { unavailableError, usageError } from "../catalog/errors.ts";
import { duration } from "../catalog/units.ts";
import type { MonitorEvent } from "../monitor/messages.ts";
import { findRunning, type RunningMonitor } from "../monitor/state-folder.ts";
import { eventLine, isNews } from "../monitor/terminal.ts";
import { askMonitor, STATE_FOLDER, stateFlag } from "./monitor-request.ts";
import { print } from "./output.ts";

/** Long enough for the alarm, the first two levels of the local escalation, and a look at the console. */
const DEFAULT_FOR_MS = 90_000;
const POLL_MS = 1_000;

interface DrillFlags {
  readonly state: string;
  /** Milliseconds; commander makes nothing of a null, so "never" is a word. */
  readonly for: number | "never";
  readonly follow?: true;
}

/** `rollcall drill stop|start <server>`: stops a server under the running monitor, as a crash would. */
export function drillCommand(): Command {
  return new Command("drill")
    .description(
      "stop a server under the running monitor and watch alarm, escalation and recovery; or start it again",
    )
    .argument("<verb>", "stop or start")
    .argument("<server>", "a server of the local environment")
    .option("--for <duration>", "start it again after this time, or `never`", forDuration, DEFAULT_FOR_MS)
    .option("--follow", "print what happens here too, until the server is healthy again")
    .option("--state <folder>", "state folder of the monitor", STATE_FOLDER)
    .action(async (verb: string, server: string, flags: DrillFlags) => {
      if (verb !== "stop" && verb !== "start") {
        throw usageError({
          place: verb,
          rule: "is not a drill",
          cure: "use `drill stop <server>` or `drill start <server>`",
        });
      }
      const monitor = findRunning(resolve(flags.state));
      if (monitor === undefined) {
        throw unavailableError({
          place: flags.state,
          rule: "no monitor runs on this state folder",
          cure: "start it with `npm start`, or name its folder with --state",
        });
      }
      const since = await lastEventId(monitor);
      await send(monitor, verb, server, flags);
      if (verb === "start") print(`${server} is started`);
      else print(stopText(server, monitor, flags));
      if (flags.follow === true) await follow({ monitor, server, since, sick: verb === "start" });
    });
}

function stopText(server: string, { url }: RunningMonitor, flags: DrillFlags): string {
  const again =
    flags.for === "never" ? "It stays stopped." : `It starts again in ${Math.round(flags.for / 1_000)} s.`;
  return [
    `${server} is stopped, as if it had crashed. ${again}`,
    `watch    the terminal of the monitor, or ${url}`,
    `start    npx rollcall drill start ${server}${stateFlag(flags.state)}`,
  ].join("\n");
}

async function send(
  monitor: RunningMonitor,
  verb: "stop" | "start",
  server: string,
  flags: DrillFlags,
): Promise<void> {
  const { ok, body } = await askMonitor(monitor, `/drill/${verb}/${encodeURIComponent(server)}`, {
    method: "POST",
    query: verb === "stop" && flags.for !== "never" ? { for: String(flags.for / 1_000) } : {},
  });
  if (!ok)
    throw usageError({
      place: server,
      rule: String(body.error ?? "the monitor refused"),
      cure: "name a server that the monitor runs",
    });
  if (verb === "start" && typeof body.pid !== "number") {
    throw unavailableError({
      place: server,
      rule: "it did not start",
      cure: "the terminal of the monitor and /status/events say why",
    });
  }
}

/** Prints what happens to a server until it has been sick and is well again, with no alarm of it left. */
async function follow(input: {
  readonly monitor: RunningMonitor;
  readonly server: string;
  readonly since: number;
  /** Whether it counts as sick from the beginning: a start is waited for as it is. */
  readonly sick: boolean;
}): Promise<void> {
  const { monitor, server, since } = input;
  let after = since;
  let { sick } = input;
  for (let over = false; !over; ) {
    await sleep(POLL_MS);
    for (const { id, event } of await eventsAfter(monitor, after)) {
      after = id;
      if (event.type !== "problem" && event.server === server && isNews(event)) print(eventLine(event));
    }
    const well = await isWell(monitor, server);
    over = sick && well;
    sick ||= !well;
  }
}

async function isWell(monitor: RunningMonitor, server: string): Promise<boolean> {
  const { body } = await askMonitor(monitor, `/status/servers/${encodeURIComponent(server)}`);
  const composites = (body.composites ?? []) as readonly { readonly state: string }[];
  return body.overall_status === "healthy" && composites.every(({ state }) => state !== "ALARM");
}

async function lastEventId(monitor: RunningMonitor): Promise<number> {
  return (await eventsAfter(monitor, 0)).at(-1)?.id ?? 0;
}

async function eventsAfter(
  monitor: RunningMonitor,
  after: number,
): Promise<readonly { readonly id: number; readonly event: MonitorEvent }[]> {
  const { body } = await askMonitor(monitor, "/status/events", { query: { after: String(after) } });
  return (body.events ?? []) as readonly { id: number; event: MonitorEvent }[];
}

function forDuration(text: string): number | "never" {
  if (text === "never") return text;
  const parsed = duration.safeParse(text);
  if (!parsed.success)
    throw new InvalidArgumentError("must be a duration with its unit, such as 90s, or never.");
  return parsed.data;
}
