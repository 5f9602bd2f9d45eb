import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProbe } from "../probes/runners/bundle.ts";
import { bundleForCluster, PROGRAMS, type ProgramFile } from "./bundle.ts";

/** The time of every file, so that the same sources give the same layers. */
const EPOCH = new Date(0);

/**
 * Writes the build context of the one image into `folder`, anew: the Dockerfile and the programs that it copies, and
 * nothing else. The same sources give the same bytes and times. Throws esbuild's BuildFailure.
 */
export function assembleImage(folder: string): readonly string[] {
  const work = mkdtempSync(join(tmpdir(), "rollcall-image-"));
  try {
    const { cronjobFile, exporterFile } = bundleProbe(work);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const others = Object.keys(PROGRAMS).map((file) => bundleForCluster(work, file as ProgramFile));
    return [source("Dockerfile"), cronjobFile, exporterFile, ...others].map((file) => {
      const target = join(folder, basename(file));
      copyFileSync(file, target);
      utimesSync(target, EPOCH, EPOCH);
      return target;
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function source(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

if (import.meta.main) {
  for (const file of assembleImage(process.argv[2] ?? source("../dist/image")))
    process.stdout.write(`${file}\n`);
}
