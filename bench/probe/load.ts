/**
 * One way to ask an MCP server, over and over at one concurrency, in a process of its own, so that processor time and
 * memory are its alone. Prints one JSON line. Arguments: way, address, concurrency, seconds, and the exporter's
 * address for `blackbox`.
 */
import type { CheckTarget } from "../../catalog/target.ts";

const [way = "", address = "", concurrencyText = "100", secondsText = "5", exporter = ""] =
  process.argv.slice(2);
const concurrency = Number(concurrencyText);
const WARM_UP_MS = 1_500;

type Ask = () => Promise<void>;

const WAYS: Readonly<Record<string, () => Promise<Ask>>> = {
  /** The two requests that a check of a modern server sends, and nothing else: the limit. */
  fetch: async () => async () => {
    await post(1, "server/discover");
    await post(2, "tools/list");
  },
  sdk: async () => {
    const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    return async () => {
      const client = new Client(
        { name: "bench", version: "1" },
        { versionNegotiation: { mode: { pin: VERSION } } },
      );
      await client.connect(new StreamableHTTPClientTransport(new URL(address)));
      await client.listTools();
      await client.close();
    };
  },
  client: async () => {
    const { createHttpClient } = await import("../../probes/http/client.ts");
    const { createHttpPool } = await import("../../probes/http/pool.ts");
    const { openSession } = await import("../../probes/mcp/open.ts");
    const http = createHttpClient({ reach: "loopback", pool: createHttpPool() });
    return async () => {
      const { signal } = new AbortController();
      const session = await openSession({
        mcp: { transport: "streamable-http", url: address },
        http,
        timeoutMs: 10_000,
        signal,
      });
      await session.listTools(signal);
      await session.close();
    };
  },
  check: async () => {
    const { check, createMemory } = await import("../../probes/check.ts");
    const { createHttpPool } = await import("../../probes/http/pool.ts");
    const { measuresOf } = await import("../../probes/measure.ts");
    const { emfLine } = await import("../../probes/sinks/emf.ts");
    const options = { allowLoopback: true, pool: createHttpPool(), memory: createMemory() };
    const target: CheckTarget = {
      server: "light",
      mcp: { transport: "streamable-http", url: address },
      rest: null,
      timeoutMs: 10_000,
      requiredTools: ["create_task", "list_tasks"],
      allowPrivate: false,
    };
    return async () => {
      const observation = await check(target, options);
      if (observation.result.status !== "healthy") throw new Error(observation.result.mcp.detail);
      emfLine({ observation, measures: measuresOf(observation), environment: "bench" });
    };
  },
  /** One plain GET, judged by its status: what a general prober knows of a server. */
  blackbox: async () => async () => {
    const probed = `${exporter}/probe?module=http_2xx&target=${encodeURIComponent(address)}`;
    const text = await (await fetch(probed)).text();
    if (!text.includes("probe_success 1")) throw new Error("blackbox_exporter calls it a failure");
  },
};

const VERSION = "2026-07-28";

async function post(id: number, method: string): Promise<void> {
  const response = await fetch(address, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": VERSION,
      "mcp-method": method,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id,
      method,
      params: { _meta: { "io.modelcontextprotocol/protocolVersion": VERSION } },
    }),
  });
  await response.json();
}

async function run(ask: Ask, forMs: number, latencies: number[]): Promise<number> {
  const until = performance.now() + forMs;
  let done = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      const from = performance.now();
      await ask();
      latencies.push(performance.now() - from);
      done += 1;
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: concurrency }, loop));
  return done / ((performance.now() - from) / 1_000);
}

const ask = await WAYS[way]?.();
if (ask === undefined) throw new Error(`${way}: is none of ${Object.keys(WAYS).join(", ")}`);
await run(ask, WARM_UP_MS, []);
const latencies: number[] = [];
const before = process.cpuUsage();
const rate = await run(ask, Number(secondsText) * 1_000, latencies);
const { user, system } = process.cpuUsage(before);
latencies.sort((a, b) => a - b);
const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
process.stdout.write(
  `${JSON.stringify({
    rate,
    p50: at(0.5),
    p99: at(0.99),
    cpuMsPerCheck: (user + system) / 1_000 / latencies.length,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  })}\n`,
);
process.exit();
