import { EXIT, messageOf } from "../catalog/errors.ts";
import { alertsBench } from "./alerts.ts";
import { planBench } from "./plan.ts";
import { probeBench } from "./probe.ts";
import { provisionBench } from "./provision.ts";
import { replayBench } from "./replay.ts";
import type { Bench } from "./report.ts";
import { printReport } from "./report.ts";
import { startBench } from "./start.ts";

/** Every benchmark by its name. */
const BENCHES: Readonly<Record<string, Bench>> = {
  alerts: alertsBench,
  plan: planBench,
  probe: probeBench,
  provision: provisionBench,
  replay: replayBench,
  start: startBench,
};

/** `npm run bench <name> [--quick]`: measures, prints a table, and one JSON object as the last line. */
async function run(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const [name = ""] = args.filter((arg) => !arg.startsWith("-"));
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--quick");
  if (bench === undefined || unknown !== undefined) {
    process.stderr.write(
      `${unknown ?? (name || "npm run bench")}: is no ${unknown === undefined ? "benchmark" : "option"}; use \`npm run bench ${Object.keys(BENCHES).join("|")} [--quick]\`\n`,
    );
    process.exitCode = EXIT.usage;
    return;
  }
  try {
    printReport(name, await bench({ quick }));
  } catch (error) {
    process.stderr.write(`bench ${name}: ${messageOf(error)}\n`);
    process.exitCode = EXIT.internal;
  }
}

await run(process.argv.slice(2));
