import { readFileSync } from "node:fs";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { messageOf } from "../../catalog/errors.ts";
import { CLIENT_INFO } from "../../probes/mcp/headers.ts";
import { type ClusterAccess, configMapsSource } from "./config-maps.ts";
import { BUCKET, readClusterJob, variable } from "./files.ts";
import { s3Store } from "./s3-store.ts";
import { takeBackup } from "./take.ts";

/** Where Kubernetes puts what a pod asks the API server with. */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What a shell says of a process that SIGTERM has ended: the job has failed, and is begun again. */
const TERMINATED = 128 + 15;

/** The backup of a cluster's ConfigMaps, as a job in the cluster: `node backup-cluster.mjs <job file>`. */
async function main([file = "/etc/rollcall/job.json"]: readonly string[]): Promise<void> {
  const { environment, prefix, catalog, namespaces } = readClusterJob(file);
  const manifest = await takeBackup({
    store: s3Store(new S3Client({}), variable(process.env, BUCKET)),
    prefix,
    environment,
    part: "cluster",
    catalog,
    tool: CLIENT_INFO.version,
    sources: [configMapsSource(inCluster(process.env), namespaces)],
    absent: [],
    now: Date.now,
  });
  const failed = manifest.absent.filter(({ why }) => why === "failed");
  for (const { source, detail } of failed) process.stderr.write(`${source}: ${detail}\n`);
  process.stdout.write(
    `${JSON.stringify({ run: `${prefix}${manifest.run}`, objects: manifest.objects.length })}\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

function inCluster(env: Readonly<Record<string, string | undefined>>): ClusterAccess {
  const read = (name: string): string =>
    readFileSync(join(env.ROLLCALL_ACCOUNT ?? ACCOUNT, name), "utf8").trim();
  const host = variable(env, "KUBERNETES_SERVICE_HOST");
  return {
    origin: `https://${host.includes(":") ? `[${host}]` : host}:${variable(env, "KUBERNETES_SERVICE_PORT")}`,
    ca: read("ca.crt"),
    token: read("token"),
  };
}

// the first process of a container does not hear a signal that it has no handler for; what lies in the bucket without
// its manifest, which is written last, is no backup
process.once("SIGTERM", () => process.exit(TERMINATED));
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
