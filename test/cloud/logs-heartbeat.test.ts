import { describe, expect, it } from "vitest";
import { noCounts } from "../../cloud/logs/counts.ts";
import { beat, HEARTBEAT_MS } from "../../cloud/logs/heartbeat.ts";
import type { FollowedApp } from "../../plan/logs.ts";

const NOW = Date.parse("2026-11-21T10:00:00Z");

const app = (name: string, tag: string, metrics = false): FollowedApp => ({
  namespace: "mcp",
  app: name,
  stream: name,
  tag,
  metrics,
});
const apps = [
  app("one", "servers"),
  app("two", "servers"),
  app("three", "server.three"),
  app("probe", "probe", true),
];

interface State {
  current: boolean;
  streams: number;
  streamErrors: number;
}

/** The tags that were written to in each minute, where each minute begins with this state. */
async function minutes(states: readonly State[]): Promise<string[][]> {
  const written: string[][] = [];
  const counts = noCounts();
  const tracker = { current: false };
  const over = new AbortController();
  await beat({
    apps,
    tracker,
    counts,
    now: () => NOW,
    signal: over.signal,
    forward: {
      write: async ({ tag, stream, log, at }) => {
        expect([stream, at]).toEqual(["-/heartbeat", BigInt(NOW) * 1_000_000n]);
        expect(JSON.parse(log)).toEqual({ heartbeat: "log shipping", streams: counts.streams, lines: 0 });
        written.at(-1)?.push(tag);
      },
    },
    pause: async (ms) => {
      expect(ms).toBe(HEARTBEAT_MS);
      const state = states[written.length];
      if (state === undefined) return over.abort();
      tracker.current = state.current;
      counts.streams = state.streams;
      counts.streamErrors = state.streamErrors;
      written.push([]);
    },
  });
  return written;
}

describe("the follower's own line", () => {
  const well = { current: true, streams: 3, streamErrors: 0 };
  const each = ["servers", "server.three"];

  it("comes to each log group of servers once a minute, and never to the probe's, whose silence would be hidden", async () => {
    expect(await minutes([well, well])).toEqual([each, each]);
  });

  it("stays away while pods are not known or not heard of any more, and comes again when they are", async () => {
    expect(await minutes([{ ...well, current: false }, well, { ...well, current: false }])).toEqual([
      [],
      each,
      [],
    ]);
  });

  it("stays away while every request for lines fails, but not where no pod runs", async () => {
    const refused = { current: true, streams: 0, streamErrors: 5 };
    expect(
      await minutes([refused, { ...refused, streamErrors: 9 }, { ...refused, streamErrors: 9 }]),
    ).toEqual([[], [], each]);
    expect(await minutes([{ ...well, streams: 2, streamErrors: 1 }])).toEqual([each]);
  });
});
