import { describeProblem, EXIT, messageOf, RollcallError, usageError } from "../../catalog/errors.ts";
import { RUN_MS } from "../../catalog/run-schedule.ts";
import { RESERVE_MS } from "./cut-off.ts";
import { createRunner, type RunnerInput } from "./runner.ts";

/** Where nobody says when the job is ended: its checks and its last lines are within a minute. */
const DEADLINE_SECONDS = (RUN_MS + RESERVE_MS) / 1_000;

export interface JobInput extends RunnerInput {
  /** When the process began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Aborts when the job is told to end. */
  readonly stop: AbortSignal;
}

/**
 * One run of a Kubernetes CronJob. A sick server is a result; only what keeps the job from running fails it.
 * It ends before `ROLLCALL_DEADLINE`, in seconds since its start.
 */
export async function main({ startedAt, stop, ...input }: JobInput): Promise<number> {
  try {
    const deadline = startedAt + deadlineOf(input.env.ROLLCALL_DEADLINE) * 1_000;
    const runner = await createRunner({ ...input, place: "cluster" });
    try {
      await runner.run({ deadline, stop });
    } finally {
      await runner.close();
    }
    return EXIT.healthy;
  } catch (error) {
    const [problem] = error instanceof RollcallError ? error.problems : [];
    input.tell(problem === undefined ? messageOf(error) : describeProblem(problem));
    return error instanceof RollcallError ? error.exitCode : EXIT.internal;
  }
}

function deadlineOf(text = String(DEADLINE_SECONDS)): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400 && text.trim() !== "") return seconds;
  throw usageError({
    place: "ROLLCALL_DEADLINE",
    rule: `${JSON.stringify(text)} is no number of seconds`,
    cure: `write one such as ${DEADLINE_SECONDS}, at most 86400, or leave it out`,
  });
}

if (import.meta.main) {
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  const code = await main({
    rosterPath: process.argv[2] ?? process.env.ROLLCALL_ROSTER ?? "roster.json",
    env: process.env,
    write: (text) => process.stdout.write(text),
    tell: (problem) => process.stderr.write(`${problem}\n`),
    startedAt: performance.timeOrigin,
    stop: stop.signal,
  });
  // A name that is still being resolved cannot be aborted and would hold the finished job for seconds.
  process.exit(code);
}
