/**
 * One run of a roster of as many servers as there are ports on stdin, as a runner does it, in a process of its own.
 * Prints one JSON line.
 */
import { text } from "node:stream/consumers";
import { createProber } from "../../probes/runners/prober.ts";
import { runRoster } from "../../probes/runners/run.ts";
import { emfSink } from "../../probes/sinks/emf.ts";

const ports = JSON.parse(await text(process.stdin)) as number[];
const targets = ports.map((port, index) => ({
  server: `server-${index}`,
  mcp: { transport: "streamable-http", url: `http://127.0.0.1:${port}/mcp` } as const,
  rest: null,
  timeoutMs: 10_000,
  everyMs: 60_000,
  samples: 1,
  confirmMs: 2_000,
  requiredTools: ["create_task", "list_tasks"],
  allowPrivate: true,
}));
const roster = { environment: "bench", targets };
let bytes = 0;
const write = (line: string): void => {
  bytes += line.length;
};
const sink = emfSink({ environment: "bench", write });
const from = performance.now();
const summary = await runRoster(roster, { prober: await createProber({ roster }), sink });
const ms = performance.now() - from;
const peakBytes = process.resourceUsage().maxRSS * 1_024;
process.stdout.write(`${JSON.stringify({ ms, peakBytes, bytes, healthy: summary.healthy })}\n`);
process.exit();
