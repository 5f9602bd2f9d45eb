import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { type Control, createControl, judged } from "../../probes/control.ts";
import { createHttpClient } from "../../probes/http/client.ts";
import { measuresOf } from "../../probes/measure.ts";
import type { PathVerdict } from "../../probes/result.ts";
import { failing, OK, observationOf, SKIPPED } from "../support/observation.ts";

/** Whose fault a failure is. Not proved here: which addresses are worth asking. */

/** A server that answers everything with one status, and counts; `null` never answers. */
async function answering(status: number | null) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method);
    // another origin: a redirect that the client does not follow
    if (status !== null) response.writeHead(status, { location: "https://portal.invalid/" }).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { url, asked, stop, [Symbol.asyncDispose]: stop };
}

const http = createHttpClient({ reach: "loopback" });
afterAll(() => http.close());

function control(
  addresses: readonly string[],
  given: { now?: () => number; timeoutMs?: number } = {},
): Control {
  return createControl({ addresses, http, now: () => 0, ...given });
}

describe("the question to our own network", () => {
  it.each([200, 302, 404, 503])("takes the status %i of a control address for an answer", async (status) => {
    await using there = await answering(status);
    expect(await control([there.url]).reachable()).toBe(true);
    expect(there.asked).toEqual(["HEAD"]);
  });

  it("is content with one address of several, and does not wait for one that is silent", async () => {
    await using silent = await answering(null);
    await using there = await answering(204);
    const gone = await answering(200);
    await gone.stop();
    expect(await control([silent.url, gone.url, there.url], { timeoutMs: 3_600_000 }).reachable()).toBe(true);
  });

  it("is no when no address answers in time", async () => {
    await using silent = await answering(null);
    const gone = await answering(200);
    await gone.stop();
    expect(await control([silent.url, gone.url], { timeoutMs: 200 }).reachable()).toBe(false);
  });

  it("is asked once by a hundred at a time, and again after 10 seconds", async () => {
    await using there = await answering(200);
    let time = 0;
    const one = control([there.url], { now: () => time });
    const all = await Promise.all(Array.from({ length: 100 }, () => one.reachable()));
    expect(all.every(Boolean)).toBe(true);
    time = 9_999;
    await one.reachable();
    expect(there.asked).toHaveLength(1);
    time = 10_000;
    await there.stop();
    expect(await one.reachable()).toBe(false);
  });

  it("excuses nothing when there is no address, and refuses one that could never answer", async () => {
    expect(await control([]).reachable()).toBe(true);
    expect(() => control(["https://example.com/", "example.com", "ftp://example.com/"])).toThrow(
      /^example\.com {2}control: .*http.*\nftp:.*http/,
    );
  });
});

describe("a result that is judged", () => {
  const up: Control = { reachable: () => Promise.resolve(true) };
  const down: Control = { reachable: () => Promise.resolve(false) };
  const unasked: Control = { reachable: () => Promise.reject(new Error("asked for nothing")) };
  const away: PathVerdict = failing("connect");

  it("is unknown while our own network is down, publishes nothing, and keeps its readings", async () => {
    for (const rest of [SKIPPED, failing("timeout"), failing("auth")]) {
      const seen = observationOf({ mcp: away, rest, detail: "connection refused" });
      const { result, ...beside } = await judged(seen, { control: down, local: false });
      expect(result).toEqual({ ...seen.result, status: "unknown", finding: "our own network is down" });
      expect(measuresOf({ result, ...beside })).toEqual({});
    }
  });

  it("stands while our own network is up", async () => {
    const seen = observationOf({ mcp: away });
    expect(await judged(seen, { control: up, local: false })).toBe(seen);
  });

  it("is never excused for a server on this machine", async () => {
    const seen = observationOf({ mcp: away });
    expect(await judged(seen, { control: unasked, local: true })).toBe(seen);
  });

  it.each([
    ["healthy", OK, SKIPPED],
    ["a refusal alone", failing("auth"), SKIPPED],
    ["one path answered", OK, away],
    ["an answer that says no", failing("http"), away],
    ["an error of the protocol's own", failing("rpc"), SKIPPED],
    ["nothing checked", SKIPPED, SKIPPED],
  ])("asks nobody and stands when our network cannot be the reason: %s", async (_what, mcp, rest) => {
    const seen = observationOf({ mcp, rest });
    expect(await judged(seen, { control: unasked, local: false })).toBe(seen);
  });
});
