import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { CLIENT_INFO } from "../../probes/mcp/headers.ts";
import { dailyBackup } from "./daily.ts";
import { BUCKET, CATALOG_FILE, JOB_FILE, readJob, readTexts, SCRATCH, variable } from "./files.ts";
import { s3Store } from "./s3-store.ts";
import { bytesOf } from "./take.ts";

/** What the log and whoever invoked the function by hand are told. */
export interface BackupSummary {
  readonly run: string;
  readonly objects: number;
  readonly bytes: number;
}

/** The daily backup as a Lambda function. Rejects, so that it is repeated, when a source could not be read. */
export async function handler(): Promise<BackupSummary> {
  const job = readJob(new URL(JOB_FILE, import.meta.url));
  const s3 = new S3Client({});
  const manifest = await dailyBackup({
    job,
    texts: readTexts(new URL(CATALOG_FILE, import.meta.url)),
    tool: CLIENT_INFO.version,
    backups: s3Store(s3, variable(process.env, BUCKET)),
    scratch: s3Store(s3, variable(process.env, SCRATCH)),
    state: job.state === null ? null : s3Store(s3, job.state.bucket),
    cloudwatch: new CloudWatchClient({}),
    dynamodb: new DynamoDBClient({}),
    tell: (line) => process.stderr.write(`${line}\n`),
    now: Date.now,
  });
  return { run: `${job.prefix}${manifest.run}`, objects: manifest.objects.length, bytes: bytesOf(manifest) };
}
