import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

/** Where the bundled probe lies: a folder to zip for Lambda, and single files for the cluster. */
export interface ProbeBundle {
  /** Holds `index.mjs`, whose handler is `index.handler`; the roster goes beside it as `roster.json`. */
  readonly lambdaDir: string;
  /** Run as `node cronjob.mjs <roster>`. */
  readonly cronjobFile: string;
  /** Run as `node exporter.mjs <roster>`. */
  readonly exporterFile: string;
}

const SETTINGS = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // what is written as a module can be cut down to what is used
  mainFields: ["module", "main"],
  minify: true,
  legalComments: "none",
  logLevel: "silent",
  // libraries that are no modules ask for Node's own by `require`, which a module does not have
  banner: {
    js: 'import{createRequire as requireOf}from"node:module";const require=requireOf(import.meta.url);',
  },
} as const satisfies BuildOptions;

/** Lambda's runtime brings these along. */
const OF_THE_RUNTIME = ["@aws-sdk/*"];
/** An optional part of pg, in C, that is not installed. */
const NEVER_THERE = ["pg-native"];

/** Bundles the probe into the folder. The same sources give the same bytes. Throws esbuild's BuildFailure. */
export function bundleProbe(outDir: string): ProbeBundle {
  const bundle: ProbeBundle = {
    lambdaDir: join(outDir, "lambda"),
    cronjobFile: join(outDir, "cronjob.mjs"),
    exporterFile: join(outDir, "exporter.mjs"),
  };
  build("lambda.ts", join(bundle.lambdaDir, "index.mjs"), [...OF_THE_RUNTIME, ...NEVER_THERE]);
  build("cronjob.ts", bundle.cronjobFile, NEVER_THERE);
  build("exporter.ts", bundle.exporterFile, NEVER_THERE);
  return bundle;
}

/**
 * Bundles programs that probe for a purpose of their own, such as a benchmark, as the runners are bundled.
 */
export function bundleScripts(entryPoints: readonly string[], outdir: string): void {
  buildSync({
    ...SETTINGS,
    entryPoints: [...entryPoints],
    outdir,
    outExtension: { ".js": ".mjs" },
    external: NEVER_THERE,
  });
}

/**
 * Bundles one program that is no probe, as the runners are bundled. `of the runtime` leaves out the AWS SDK, which
 * Lambda brings along; `inside` takes in what the program uses of it.
 */
export function bundleProgram(program: {
  readonly entry: string;
  readonly outfile: string;
  readonly sdk: "of the runtime" | "inside";
}): void {
  const { entry, outfile, sdk } = program;
  const external = sdk === "of the runtime" ? [...OF_THE_RUNTIME] : [];
  buildSync({ ...SETTINGS, entryPoints: [entry], outfile, external });
}

function build(entry: string, outfile: string, external: string[]): void {
  buildSync({ ...SETTINGS, entryPoints: [source(entry)], outfile, external });
}

function source(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
