import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { S3Client } from "@aws-sdk/client-s3";
import type { DrillResult } from "./drill.ts";
import { BUCKET, JOB_FILE, readJob, SCRATCH, variable } from "./files.ts";
import { s3Store } from "./s3-store.ts";
import { restoreDrill } from "./weekly.ts";

/** The restore drill as a Lambda function. A backup that is not whole is its result, not its failure. */
export async function handler(): Promise<DrillResult> {
  const s3 = new S3Client({});
  return restoreDrill({
    job: readJob(new URL(JOB_FILE, import.meta.url)),
    backups: s3Store(s3, variable(process.env, BUCKET)),
    scratch: s3Store(s3, variable(process.env, SCRATCH)),
    cloudwatch: new CloudWatchClient({}),
    tell: (line) => process.stderr.write(`${line}\n`),
    now: Date.now,
  });
}
