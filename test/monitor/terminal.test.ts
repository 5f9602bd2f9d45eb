/** What is worth a line on the terminal. Not proved here: colours, and that anybody reads it. */
import { expect, test } from "vitest";
import type { MonitorEvent } from "../../monitor/messages.ts";
import { eventLine, isNews } from "../../monitor/terminal.ts";

const AT = "2026-11-21T12:00:20.288Z";

function transition(change: Partial<Extract<MonitorEvent, { type: "transition" }>>): MonitorEvent {
  const event = { type: "transition", at: AT, server: "memory", alarm: "local-memory-page" } as const;
  return { ...event, composite: true, acts: true, from: "OK", to: "ALARM", reason: "", ...change };
}

test("a composite that tells somebody has a line when it changes, and a part of another one has none", () => {
  expect(isNews(transition({}))).toBe(true);
  expect(isNews(transition({ alarm: "local-memory-failing", acts: false }))).toBe(false);
  expect(isNews(transition({ alarm: "local-memory-down", composite: false, acts: false }))).toBe(false);
  expect(isNews(transition({ from: "INSUFFICIENT_DATA", to: "OK" }))).toBe(false);
});

test("a mute is shown to the second in which it ends, for its minute is over before it is", () => {
  const quiet = {
    type: "quiet",
    at: AT,
    server: "memory",
    what: "began",
    kind: "mute",
    name: "memory",
  } as const;
  const line = (until: string) => eventLine({ ...quiet, servers: ["memory"], reason: "disk", until });
  expect(line("2026-11-21T12:02:20.288Z")).toContain("mute began until 2026-11-21 12:02:20 UTC: disk");
  expect(line("2026-11-21T12:30:00.000Z")).toContain("mute began until 2026-11-21 12:30 UTC: disk");
});
