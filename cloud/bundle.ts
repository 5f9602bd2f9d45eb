import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../probes/runners/bundle.ts";

/** The programs that run as Lambda functions besides the probe: each is `cloud/<folder>/<name>.ts`. */
export const FUNCTIONS = {
  starter: "escalation/starter.ts",
  notifier: "escalation/notifier.ts",
  acknowledge: "escalation/acknowledge.ts",
  relay: "escalation/relay.ts",
  status: "status/lambda.ts",
  backup: "backup/lambda.ts",
  restoreDrill: "backup/drill-lambda.ts",
} as const satisfies Readonly<Record<string, string>>;

export type FunctionName = keyof typeof FUNCTIONS;

/** Folder of each bundled function, which holds `index.mjs`; its handler is `index.handler`. */
export type FunctionBundles = Readonly<Record<FunctionName, string>>;

/** Bundles every function into a folder of its own. The same sources give the same bytes. Throws esbuild's BuildFailure. */
export function bundleFunctions(outDir: string): FunctionBundles {
  const folders = Object.entries<string>(FUNCTIONS).map(([name, entry]) => {
    const folder = join(outDir, name);
    bundleProgram({ entry: source(entry), outfile: join(folder, "index.mjs"), sdk: "of the runtime" });
    return [name, folder] as const;
  });
  return Object.fromEntries(folders) as FunctionBundles;
}

/** The programs that run in the cluster besides the probe, in the probe's image: each is `cloud/<folder>/<name>.ts`. */
export const PROGRAMS = {
  "backup-cluster.mjs": "backup/cluster.ts",
  "follower.mjs": "logs/follower.ts",
  "status.mjs": "status/server.ts",
} as const satisfies Readonly<Record<string, string>>;

export type ProgramFile = keyof typeof PROGRAMS;

/** Bundles a program of the cluster into a folder, with all that it needs but Node; returns its path. Throws esbuild's BuildFailure. */
export function bundleForCluster(outDir: string, file: ProgramFile): string {
  const outfile = join(outDir, file);
  bundleProgram({ entry: source(PROGRAMS[file]), outfile, sdk: "inside" });
  return outfile;
}

function source(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
