import type { CostInput } from "./cost.ts";
import type { PriceName } from "./prices.ts";

/** So many of something that AWS bills, and how the number comes about. */
export interface Usage {
  readonly price: PriceName;
  readonly quantity: number;
  readonly how: string;
}

/** Minutes of an average month: 365 days, of 12 months. */
const MINUTES_A_MONTH = (365 / 12) * 24 * 60;
/** Measured: a run of a hundred servers that answer takes a third of a second, one more a timeout (docs/benchmarks.md). */
const RUN_SECONDS = 2;
/** Measured: a result as it is kept compressed; a write unit of DynamoDB holds so many bytes. */
const RESULT_BYTES = 512;
const UNIT_BYTES = 1_024;
/** Measured: the line of one check of a server without drift (docs/benchmarks.md). */
const LINE_BYTES = 1_500;
/** What nobody can count before it happens, and what is assumed of it instead. */
const ASSUMED = { serverLogsGb: 0.5, incidents: 30, transitions: 20, backupMb: 20 } as const;
/** The environment's key, and the one that signs links. */
const KEYS = 2;

/** What is billed by being used, from the rhythm of the plan; what cannot be counted is assumed and says so. */
export function usageOf(input: CostInput): Usage[] {
  const { environment, servers, probe } = input;
  if (probe === null) return [];
  const { shards, memoryMb, everyMinutes } = probe.lambda;
  const runs = Math.round((shards * MINUTES_A_MONTH) / everyMinutes);
  const checks = servers.reduce(
    (sum, { probe: { everyMs, samples } }) => sum + (samples * MINUTES_A_MONTH * 60_000) / everyMs,
    0,
  );
  const probeGb = (checks * LINE_BYTES) / 1e9;
  const run = environment.servers.filter(({ workload }) => workload !== null).length;
  const serversGb = run * ASSUMED.serverLogsGb;
  const { logs } = environment.retention;
  const kept = round((probeGb * logs.probe + serversGb * logs.servers) / 30);
  return [
    { price: "logsIn", quantity: round(probeGb + serversGb), how: logsHow({ probeGb, run }) },
    { price: "logsKept", quantity: kept, how: `kept ${logs.probe} and ${logs.servers} days` },
    { price: "schedule", quantity: runs, how: `${shards} every ${everyMinutes} min` },
    { price: "lambdaRequest", quantity: runs, how: `${shards} every ${everyMinutes} min` },
    {
      price: "lambdaTime",
      quantity: Math.round(runs * RUN_SECONDS * (memoryMb / 1_024)),
      how: `${runs} runs of ${RUN_SECONDS} s with ${memoryMb} MB`,
    },
    {
      price: "dynamoWrite",
      quantity: runs * Math.ceil((servers.length * RESULT_BYTES) / UNIT_BYTES / shards),
      how: `the results of each run, ${RESULT_BYTES} bytes a server in units of ${UNIT_BYTES}`,
    },
    { price: "dynamoRead", quantity: shards * 100, how: "breakers when a function's process begins" },
    { price: "key", quantity: KEYS, how: "what is stored, and the links of acknowledgements" },
    { price: "keyRequest", quantity: 2 * runs, how: "two a run" },
    {
      price: "transition",
      quantity: ASSUMED.incidents * ASSUMED.transitions,
      how: `${ASSUMED.incidents} incidents of ${ASSUMED.transitions} steps, assumed`,
    },
    {
      price: "stored",
      quantity: round((ASSUMED.backupMb * environment.retention.backups) / 1_000),
      how: `${environment.retention.backups} daily backups of ${ASSUMED.backupMb} MB, assumed`,
    },
  ];
}

function logsHow({ probeGb, run }: { readonly probeGb: number; readonly run: number }): string {
  return `${round(probeGb)} GB of the probe at ${LINE_BYTES} bytes a check, ${ASSUMED.serverLogsGb} GB for each of ${run} servers assumed`;
}

const round = (value: number): number => Math.round(value * 100) / 100;
