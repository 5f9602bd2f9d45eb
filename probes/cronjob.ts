import { describeProblem, EXIT, messageOf, RollcallError } from "../catalog/errors.ts";
import { readRoster, runRoster } from "./roster.ts";

/** One run of a Kubernetes CronJob. A sick server is a result; only an unreadable roster fails the job. */
export async function main(path: string | undefined): Promise<number> {
  try {
    const roster = await readRoster(path ?? "roster.json");
    await runRoster(roster, { write: (line) => process.stdout.write(line) });
    return EXIT.healthy;
  } catch (error) {
    const [problem] = error instanceof RollcallError ? error.problems : [];
    process.stderr.write(`${problem === undefined ? messageOf(error) : describeProblem(problem)}\n`);
    return error instanceof RollcallError ? error.exitCode : EXIT.internal;
  }
}

if (import.meta.main) {
  // A name that is still being resolved cannot be aborted and would hold the finished job for seconds.
  process.exit(await main(process.argv[2] ?? process.env.ROLLCALL_ROSTER));
}
