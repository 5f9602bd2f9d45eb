import { describe, expect, it } from "vitest";
import { createHttpClient } from "../../probes/http/client.ts";
import { openSession } from "../../probes/mcp/open.ts";
import { checkReplicas } from "../../probes/replicas.ts";
import { statusOf, weaknesses } from "../../probes/verdict.ts";
import { rpc, tool } from "../support/faulty.ts";
import { resultOf } from "../support/observation.ts";

/** Replicas are asked one by one past the load balancer; the loopback's own addresses stand for the pods. */

const listing = (...names: string[]) => ({ "tools/list": () => ({ result: { tools: names.map(tool) } }) });

describe("replicas", () => {
  it("that answer alike agree, each asked at its own address under the Service's name", async () => {
    const hosts: string[] = [];
    await using server = await rpc(listing("a", "b"));
    const port = new URL(server.url).port;
    const http = createHttpClient({ reach: "loopback" });
    const readings = await checkReplicas({
      mcp: { transport: "streamable-http", url: `http://pods.example.com:${port}/mcp` },
      host: "pods.example.com",
      http: {
        send: (request) => {
          hosts.push(`${request.url.hostname} ${request.headers.host}`);
          return http.send(request);
        },
        close: () => http.close(),
      },
      open: openSession,
      timeoutMs: 5_000,
      signal: AbortSignal.timeout(5_000),
      redact: String,
      addressesOf: async () => ["127.0.0.1", "127.0.0.1"],
    });
    http.close();
    expect(readings).toEqual([
      { address: "127.0.0.1", outcome: "ok", failureClass: null, detail: "", disagrees: false },
    ]);
    expect(new Set(hosts)).toEqual(new Set([`127.0.0.1 pods.example.com:${port}`]));
  });

  it("that answer otherwise than most are named, and degrade a server whose paths are well", async () => {
    const said = new Map([
      ["10.0.0.1", ["a", "b"]],
      ["10.0.0.2", ["a", "b"]],
      ["10.0.0.3", ["a"]],
    ]);
    const readings = await asked([...said.keys()], (address) => said.get(address) ?? null);
    expect(readings.filter(({ disagrees }) => disagrees).map(({ address }) => address)).toEqual(["10.0.0.3"]);
    const ok = { outcome: "ok", failureClass: null } as const;
    const result = resultOf({ mcp: ok, replicas: readings });
    expect(result.status).toBe("degraded");
    expect(weaknesses(result)).toEqual(["replica 10.0.0.3 answers otherwise"]);
  });

  it("that fail are named with their class; of two halves the one that works is the usual one", async () => {
    const readings = await asked(["10.0.0.1", "10.0.0.2"], (address) =>
      address === "10.0.0.1" ? ["a"] : null,
    );
    expect(readings).toMatchObject([
      { outcome: "ok", disagrees: false },
      { outcome: "fail", failureClass: "connect", disagrees: true },
    ]);
    const halves = await asked(["10.0.0.1", "10.0.0.2"], (address) => [address]);
    expect(halves.map(({ disagrees }) => disagrees)).toEqual([true, true]);
    expect(statusOf(resultOf({ mcp: { outcome: "fail", failureClass: "http" }, replicas: halves }))).toBe(
      "unhealthy",
    );
  });

  it("behind a name without addresses are a fault of class dns", async () => {
    await expect(asked([], () => null)).rejects.toMatchObject({ failureClass: "dns" });
  });
});

/** Replicas that list what they are told to; null stands for one that refuses connections. */
async function asked(addresses: readonly string[], toolsAt: (address: string) => readonly string[] | null) {
  const servers = new Map<string, Awaited<ReturnType<typeof rpc>>>();
  await using stack = new AsyncDisposableStack();
  for (const address of addresses) {
    const tools = toolsAt(address);
    if (tools !== null) servers.set(address, stack.use(await rpc(listing(...tools))));
  }
  const http = createHttpClient({ reach: "loopback" });
  stack.defer(() => http.close());
  return await checkReplicas({
    mcp: { transport: "streamable-http", url: "http://pods.example.com:3000/mcp" },
    host: "pods.example.com",
    // the address that was chosen, on the port of the server that plays it here
    http: {
      send: (request) => {
        const real = servers.get(request.url.hostname)?.url ?? "http://127.0.0.1:9/mcp";
        return http.send({ ...request, url: new URL(real) });
      },
      close: () => undefined,
    },
    open: openSession,
    timeoutMs: 5_000,
    signal: AbortSignal.timeout(5_000),
    redact: String,
    addressesOf: async () => addresses,
  });
}
