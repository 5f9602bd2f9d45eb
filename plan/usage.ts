import { sampleOffsets } from "../catalog/run-schedule.ts";
import type { Roster } from "../catalog/target.ts";
import type { CostInput } from "./cost.ts";
import { shipsLogs } from "./logs.ts";
import type { PriceName } from "./prices.ts";

/** So many of something that AWS bills, and how the number comes about. */
export interface Usage {
  readonly price: PriceName;
  readonly quantity: number;
  readonly how: string;
}

/** Minutes of an average month: 365 days, of 12 months. */
const MINUTES_A_MONTH = (365 / 12) * 24 * 60;
/** Measured: what a run takes after its last sample began, where servers answer (docs/benchmarks.md). */
const LAST_CHECK_SECONDS = 1;
/** Measured: a result as it is kept compressed; a write unit of DynamoDB holds so many bytes. */
const RESULT_BYTES = 512;
const UNIT_BYTES = 1_024;
/**
 * Measured: the lines of production's targets, asked over plain HTTP, have 1,645 to 1,848 bytes; over TLS the certificate
 * is added, and CloudWatch Logs adds 26. A test measures one anew.
 */
export const LINE_BYTES = 1_900;
/** What nobody can count before it happens, and what is assumed of it instead. */
const ASSUMED = { serverLogsGb: 0.5, incidents: 30, transitions: 20, backupMb: 20 } as const;
/** The environment's key, and the one that signs links. */
const KEYS = 2;

/** What is billed by being used, from the rhythm of the plan; what cannot be counted is assumed and says so. */
export function usageOf(input: CostInput): Usage[] {
  const { environment, servers, probe } = input;
  if (probe === null) return [];
  const { shards, memoryMb, everyMinutes, roster } = probe.lambda;
  const runs = Math.round((shards * MINUTES_A_MONTH) / everyMinutes);
  const runSeconds = secondsOf(roster);
  // both probers of an environment write to one log group, where the lines of the cluster are shipped
  const inside = shipsLogs(environment) ? (probe.cronJob ?? probe.exporter) : null;
  const rosters = [roster, ...(inside === null ? [] : [inside.roster])];
  const probeGb = (rosters.reduce((sum, one) => sum + checksOf(one), 0) * LINE_BYTES) / 1e9;
  const run = environment.servers.filter(({ workload }) => workload !== null).length;
  const serversGb = run * ASSUMED.serverLogsGb;
  const { logs } = environment.retention;
  const kept = round((probeGb * logs.probe + serversGb * logs.servers) / 30);
  return [
    {
      price: "logsIn",
      quantity: round(probeGb + serversGb),
      how: logsHow({ probeGb, probers: rosters.length, run }),
    },
    { price: "logsKept", quantity: kept, how: `kept ${logs.probe} and ${logs.servers} days` },
    { price: "schedule", quantity: runs, how: `${shards} every ${everyMinutes} min` },
    { price: "lambdaRequest", quantity: runs, how: `${shards} every ${everyMinutes} min` },
    {
      price: "lambdaTime",
      quantity: Math.round(runs * runSeconds * (memoryMb / 1_024)),
      how: `${runs} runs of ${runSeconds} s with ${memoryMb} MB: a run waits between the samples of a server`,
    },
    {
      price: "dynamoWrite",
      quantity: runs * Math.ceil((servers.length * RESULT_BYTES) / UNIT_BYTES / shards),
      how: `the results of each run, ${RESULT_BYTES} bytes a server in units of ${UNIT_BYTES}`,
    },
    { price: "dynamoRead", ...reads({ runs, shards, servers: servers.length }) },
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

/** Checks of a roster in a month, each of which is a line. */
function checksOf({ targets }: Roster): number {
  return targets.reduce(
    (sum, { everyMs, samples }) => sum + (samples * MINUTES_A_MONTH * 60_000) / everyMs,
    0,
  );
}

/** How long Lambda bills one run: until the last sample of any server, for which it waits, and that check itself. */
function secondsOf({ targets, jitterMs }: Roster): number {
  const last = targets.map((target) => sampleOffsets(target, jitterMs).at(-1) ?? 0);
  return round((Math.max(0, ...last) + (jitterMs ?? 0)) / 1_000 + LAST_CHECK_SECONDS);
}

function logsHow({
  probeGb,
  probers,
  run,
}: {
  readonly probeGb: number;
  readonly probers: number;
  readonly run: number;
}): string {
  const who = probers === 1 ? "the probe" : `${probers} probers`;
  return `${round(probeGb)} GB of ${who} at ${LINE_BYTES} bytes a check, ${ASSUMED.serverLogsGb} GB for each of ${run} servers assumed`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Breakers when a function's process begins; where processes share parts, the results of before at each run as well. */
function reads({ runs, shards, servers }: Readonly<Record<"runs" | "shards" | "servers", number>>) {
  const begun = { quantity: shards * 100, how: "breakers when a function's process begins" };
  if (shards === 1) return begun;
  // an eventually consistent read of 4 KB is half a unit
  const units = Math.ceil((servers * RESULT_BYTES) / 4_096 / shards) / 2;
  return {
    quantity: begun.quantity + runs * units,
    how: `${begun.how}, and the results of before at each run`,
  };
}
