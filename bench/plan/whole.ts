/**
 * The whole plan of a catalog in a process of its own, from the files to one file: alarms, rules, Alertmanager's
 * configuration, dashboards and the cost. Arguments: folder of the catalog, file to write. Prints the time of each
 * step in milliseconds as one JSON line.
 */
import { writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";

const [root = "", file = ""] = process.argv.slice(2);
const marks: [step: string, ms: number][] = [];
let last = 0;
const mark = (step: string): void => {
  marks.push([step, performance.now() - last]);
  last = performance.now();
};

mark("node");
// as the command itself starts
enableCompileCache();
const [{ loadEnvironment }, { diskSource }, { buildPlan }] = await Promise.all([
  import("../../catalog/load.ts"),
  import("../../catalog/source.ts"),
  import("../../plan/plan.ts"),
]);
mark("modules");
const environment = loadEnvironment(diskSource(root), "production");
mark("catalog");
const plan = buildPlan(environment);
mark("plan");
writeFileSync(file, JSON.stringify(plan));
mark("written");
process.stdout.write(`${JSON.stringify(Object.fromEntries(marks))}\n`);
