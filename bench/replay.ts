import { execFile } from "node:child_process";
import { join } from "node:path";
import { availability } from "../test/support/toolchain.ts";
import { promtoolDay } from "./replay/promtool-day.ts";
import { type Bench, median, round } from "./report.ts";

const SCRIPT = join(import.meta.dirname, "replay", "run.ts");
const MIB = 2 ** 20;

/** What the replay is held to: 30 days of 100 servers, in milliseconds, and how much faster than promtool. */
export const REPLAY_GOALS = { ms: 20_000, fasterThanPromtool: 100 } as const;

interface Size {
  readonly servers: number;
  readonly days: number;
}

interface Replayed extends Size {
  readonly ms: number;
  readonly alarms: number;
  readonly composites: number;
  readonly transitions: number;
  readonly peakBytes: number;
}

/**
 * What it costs to replay the alarms of the plan: fleets of production's servers over days of samples, each in a
 * process of its own on one core, and the real promtool over the Prometheus rules of the same servers.
 */
export const replayBench: Bench = async ({ quick }) => {
  const servers = quick ? [5, 10] : [10, 50, 100];
  const days = quick ? [1, 3] : [1, 10, 30];
  const [most, longest] = [Math.max(...servers), Math.max(...days)];
  const sizes = [
    ...servers.map((count) => ({ servers: count, days: longest })),
    ...days.filter((count) => count !== longest).map((count) => ({ servers: most, days: count })),
  ];
  const rounds = quick ? 1 : 3;
  const all: Replayed[] = [];
  for (const size of sizes) all.push(await replayed(size, rounds));
  const whole = all.find((one) => one.servers === most && one.days === longest);
  if (whole === undefined) throw new Error("the largest fleet was not replayed");
  const promtool = quick || !availability("promtool").ok ? undefined : await promtoolRates();
  const ours = perServerDay(whole);
  const exponents = {
    servers: exponentOf(all.filter((one) => one.days === longest).map((one) => [one.servers, one.ms])),
    days: exponentOf(all.filter((one) => one.servers === most).map((one) => [one.days, one.ms])),
  };
  return {
    head: ["what", "time", "a server and day", "transitions", "peak memory"],
    rows: [
      ...all.map((one) => [
        `${one.servers} servers (${one.alarms} alarms, ${one.composites} composites), ${one.days} d`,
        `${round(one.ms / 1_000, 2)} s`,
        `${round(perServerDay(one), 2)} ms`,
        String(one.transitions),
        `${round(one.peakBytes / MIB)} MiB`,
      ]),
      ...(promtool === undefined
        ? []
        : [
            [
              `promtool, rules of ${promtool.servers} servers, 1 d`,
              `${round(promtool.ms / 1_000, 2)} s`,
              `${round(promtool.ms / promtool.servers)} ms`,
              "",
              "",
            ],
          ]),
      [
        `time grows with servers to the power of ${exponents.servers}, with days to ${exponents.days}`,
        "",
        "",
        "",
        "",
      ],
    ],
    figures: {
      servers: most,
      days: longest,
      ms: round(whole.ms),
      msPerServerDay: round(ours, 3),
      peakMiB: round(whole.peakBytes / MIB),
      serversExponent: exponents.servers,
      daysExponent: exponents.days,
      ...(promtool === undefined
        ? {}
        : {
            promtoolMsPerServerDay: round(promtool.ms / promtool.servers),
            fasterThanPromtool: round(promtool.ms / promtool.servers / ours),
          }),
      goalMs: REPLAY_GOALS.ms,
      goalFasterThanPromtool: REPLAY_GOALS.fasterThanPromtool,
    },
  };
};

async function replayed(size: Size, rounds: number): Promise<Replayed> {
  const runs: Replayed[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push({ ...size, ...(await runOnce(size)) });
  const [first] = runs;
  if (first === undefined) throw new Error("nothing was replayed");
  return {
    ...first,
    ms: median(runs.map(({ ms }) => ms)),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  };
}

function runOnce({ servers, days }: Size): Promise<Omit<Replayed, keyof Size>> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [SCRIPT, String(servers), String(days)], (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${SCRIPT}: ${stderr}`));
      else resolve(JSON.parse(stdout) as Omit<Replayed, keyof Size>);
    });
  });
}

/** As many servers as promtool gets through in about a minute. */
async function promtoolRates(): Promise<{ readonly servers: number; readonly ms: number }> {
  const servers = 3;
  return { servers, ms: await promtoolDay(servers) };
}

const perServerDay = ({ ms, servers, days }: Replayed): number => ms / servers / days;

/** The slope of the logarithms, by least squares: 1 where the time grows as the size does. */
function exponentOf(points: readonly (readonly [size: number, ms: number])[]): number {
  const logs = points.map(([size, ms]) => [Math.log(size), Math.log(ms)] as const);
  const mean = (of: (point: readonly [number, number]) => number): number =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [x, y] = [mean(([size]) => size), mean(([, ms]) => ms)];
  const up = logs.reduce((sum, [size, ms]) => sum + (size - x) * (ms - y), 0);
  const across = logs.reduce((sum, [size]) => sum + (size - x) ** 2, 0);
  return round(up / across, 2);
}
