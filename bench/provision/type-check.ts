import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "../report.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc");

const BY_MODULE = `import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Function } from "@pulumi/aws/lambda/function.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
export const made = [MetricAlarm, Function, Topic];
`;
const WHOLE = `import * as aws from "@pulumi/aws";
export const made = [aws.cloudwatch.MetricAlarm, aws.lambda.Function, aws.sns.Topic];
`;

/** How long the compiler takes for a program of three resources, by how it imports them; the middle of some rounds. */
export async function typeChecks(
  rounds: number,
): Promise<{ readonly byModuleMs: number; readonly wholeMs: number }> {
  // inside the project, where the packages are found
  const folder = join(ROOT, "dist", "bench-types");
  mkdirSync(folder, { recursive: true });
  try {
    const [byModule, whole] = [join(folder, "by-module.ts"), join(folder, "whole.ts")];
    writeFileSync(byModule, BY_MODULE);
    writeFileSync(whole, WHOLE);
    const [modules, packages]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      modules.push(await checked(byModule));
      packages.push(await checked(whole));
    }
    return { byModuleMs: median(modules), wholeMs: median(packages) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checked(file: string): Promise<number> {
  const flags = ["--noEmit", "--skipLibCheck", "--strict", "--ignoreConfig"];
  const modules = ["--module", "nodenext", "--target", "es2024", "--types", "node"];
  const started = performance.now();
  await promisify(execFile)(process.execPath, [TSC, ...flags, ...modules, file], { cwd: ROOT });
  return performance.now() - started;
}
