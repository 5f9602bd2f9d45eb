import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

/** Where the bundled probe lies: a folder to zip for Lambda, and a single file for the CronJob. */
export interface ProbeBundle {
  /** Holds `index.mjs`, whose handler is `index.handler`; the roster goes beside it as `roster.json`. */
  readonly lambdaDir: string;
  /** Run as `node cronjob.mjs <roster>`. */
  readonly cronjobFile: string;
}

const SETTINGS = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minify: true,
  legalComments: "none",
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Bundles the probe into the folder. The same sources give the same bytes. Throws esbuild's BuildFailure. */
export function bundleProbe(outDir: string): ProbeBundle {
  const lambdaDir = join(outDir, "lambda");
  const cronjobFile = join(outDir, "cronjob.mjs");
  buildSync({ ...SETTINGS, entryPoints: [source("lambda.ts")], outfile: join(lambdaDir, "index.mjs") });
  buildSync({ ...SETTINGS, entryPoints: [source("cronjob.ts")], outfile: cronjobFile });
  return { lambdaDir, cronjobFile };
}

function source(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
