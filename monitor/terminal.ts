import { styleText } from "node:util";
import { utcText } from "../plan/maintenance.ts";
import type { Plan } from "../plan/types.ts";
import type { MonitorEvent } from "./messages.ts";

type Style = Parameters<typeof styleText>[0];
const NAME_WIDTH = 20;
const STATUS_STYLES = { healthy: "green", degraded: "yellow", unhealthy: "red", unknown: "gray" } as const;

/** What is printed once everything runs. */
export function startedText(input: {
  readonly plan: Plan;
  readonly table: string;
  readonly url: string;
  readonly history: string;
}): string {
  const { plan, table, url, history } = input;
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
  const objectives = plan.servers.reduce((sum, { objectives: all }) => sum + all.length, 0);
  const alarms = [...plan.servers, plan.fleet].reduce(
    (sum, { alarms: all, composites }) => sum + all.length + composites.length,
    0,
  );
  const first =
    plan.servers.find(({ server }) => server === "memory")?.server ?? plan.servers[0]?.server ?? "";
  return [
    `${paint("bold", "rollcall")}  ${plan.environment}  ${count(plan.servers.length, "server")}  ${count(objectives, "objective")}  ${count(alarms, "alarm")}  catalog ${plan.catalog}`,
    "",
    table,
    "",
    `console  ${url}      history  ${history}`,
    `try      npx rollcall drill stop ${first}`,
    "",
  ].join("\n");
}

/** Whether an event is worth a line: a metric alarm is not, the message of its composite names it. */
export function isNews(event: MonitorEvent): boolean {
  if (event.type !== "transition") return true;
  // a composite that is evaluated for the first time and found OK is no news, nor is a part of another one
  return event.acts && !(event.from === "INSUFFICIENT_DATA" && event.to === "OK");
}

/** Whether an event must be said even before the first table. */
export function isUrgent(event: MonitorEvent): boolean {
  if (event.type === "server") return event.what === "exited";
  return event.type === "problem" || event.type === "quiet";
}

/** One event as one line: time, server, what happened. */
export function eventLine(event: MonitorEvent): string {
  const time = paint("gray", new Date(event.at).toLocaleTimeString("en-GB"));
  const subject = (event.type === "problem" ? "rollcall" : event.server).padEnd(NAME_WIDTH);
  return `  ${time}  ${subject}  ${describe(event)}`;
}

function describe(event: MonitorEvent): string {
  switch (event.type) {
    case "status": {
      const { mcp, rest } = event.result;
      const wrong = [mcp, rest]
        .filter(({ outcome }) => outcome === "fail")
        .map(({ failureClass, detail }) => `${failureClass}: ${detail}`);
      return [paint(STATUS_STYLES[event.to], event.to.padEnd(10)), ...wrong].join("  ");
    }
    case "transition": {
      const style: Style = event.to === "ALARM" ? "red" : event.to === "OK" ? "green" : "gray";
      return `${paint(style, event.to.padEnd(10))}  ${event.alarm}  ${paint("gray", event.reason)}`;
    }
    case "message": {
      const after = event.kind === "alarm" ? "" : ` after ${Math.round(event.elapsedMs / 1_000)} s`;
      const style: Style = event.kind === "resolved" ? "green" : "magenta";
      return `${paint(style, event.kind.padEnd(10))}  ${event.level} told${after}: ${event.to.join(", ")}  ${paint("gray", `${event.severity}, ${event.runbook}`)}`;
    }
    case "server":
      return `${paint(event.what === "started" ? "green" : "yellow", event.what.padEnd(10))}  ${event.detail}${event.what === "exited" ? `; start it again: npx rollcall drill start ${event.server}` : ""}`;
    case "quiet": {
      const what = event.kind === "mute" ? "mute" : `maintenance ${event.name}`;
      const who = event.servers.length > 1 ? `  ${paint("gray", event.servers.join(", "))}` : "";
      const until = event.what === "began" ? ` until ${utcText(event.until)}` : "";
      return `${paint("cyan", "quiet".padEnd(10))}  ${what} ${event.what}${until}: ${event.reason}${who}`;
    }
    case "problem":
      return `${paint("red", "problem".padEnd(10))}  ${event.what}`;
  }
}

function paint(style: Style, text: string): string {
  return text === "" ? "" : styleText(style, text, { stream: process.stdout });
}
