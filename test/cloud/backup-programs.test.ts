import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { memorySource } from "../../catalog/snapshot.ts";
import { type ClusterAccess, configMapsSource } from "../../cloud/backup/config-maps.ts";
import { s3Store } from "../../cloud/backup/s3-store.ts";
import { bundleForCluster, FUNCTIONS } from "../../cloud/bundle.ts";
import { planBackups } from "../../plan/backups.ts";
import { bundleProgram } from "../../probes/runners/bundle.ts";
import { catalogFiles } from "../support/catalog-files.ts";
import { describeWithMinistack } from "../support/ministack.ts";
import { selfSigned } from "../support/selfsigned.ts";

// The programs as they are deployed: bundled, in a process of their own, with the files that a component writes.

const ROOT = join(import.meta.dirname, "..", "..");
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "eu-west-1" };
const run = promisify(execFile);
const token = `ghp_${"a1B2".repeat(9)}`;

/** An API server as far as the backup asks one: two pages of ConfigMaps, for whoever has the token. */
async function apiServer(): Promise<{ readonly server: Server; readonly access: ClusterAccess }> {
  const { cert, key } = selfSigned();
  const map = (name: string, data: Record<string, string>) => {
    const copy = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ data }) };
    const metadata = { name, namespace: "mcp", uid: "1", resourceVersion: "2", managedFields: [] };
    return { metadata: { ...metadata, annotations: copy }, data };
  };
  const server = createServer({ cert, key }, (request, response) => {
    const url = new URL(request.url ?? "/", "https://127.0.0.1");
    const say = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== "Bearer let-me-in") return say(401, { message: "Unauthorized" });
    if (url.pathname !== "/api/v1/namespaces/mcp/configmaps") return say(403, { message: "forbidden" });
    return url.searchParams.get("continue") === "2"
      ? say(200, {
          metadata: {},
          items: [map("two", { note: `use ${token}`, API_TOKEN: "plain", mode: "dark" })],
        })
      : say(200, {
          metadata: { continue: "2" },
          items: [
            map("one", { "app.yaml": "a: 1", max_tokens: "4096" }),
            map("kube-root-ca.crt", { "ca.crt": "pem" }),
          ],
        });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { server, access: { origin: `https://localhost:${port}`, ca: cert, token: "let-me-in" } };
}

describe("the ConfigMaps of a cluster", () => {
  let opened: Awaited<ReturnType<typeof apiServer>>;
  beforeAll(async () => {
    opened = await apiServer();
  });
  afterAll(() => opened.server.close());

  async function saved(access: ClusterAccess, namespaces: readonly string[]) {
    const pieces = [];
    for await (const piece of await configMapsSource(access, namespaces).pieces()) pieces.push(piece);
    return pieces;
  }

  it("are read page by page, ready to be applied again, without the cluster's own and without secrets", async () => {
    const [whole, masked, ...others] = await saved(opened.access, ["mcp"]);
    expect(whole).toMatchObject({ path: "configmaps/mcp.json", format: "json" });
    expect(whole?.redacted).toBeUndefined();
    expect(JSON.parse(Buffer.from(whole?.bytes ?? []).toString("utf8"))).toEqual({
      apiVersion: "v1",
      kind: "List",
      items: [
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "one", namespace: "mcp" },
          data: { "app.yaml": "a: 1", max_tokens: "4096" },
        },
      ],
    });
    expect(masked).toMatchObject({ path: "configmaps/mcp.masked.json", format: "json", redacted: true });
    const text = Buffer.from(masked?.bytes ?? []).toString("utf8");
    expect(text).not.toMatch(/plain|ghp_/);
    expect(JSON.parse(text)).toEqual({
      maps: [
        {
          name: "two",
          namespace: "mcp",
          patch: { metadata: {}, data: { mode: "dark" } },
          masked: { "data.note": "use …", "data.API_TOKEN": "…" },
        },
      ],
    });
    expect(others).toEqual([]);
  });

  it("are not taken for empty when the API server refuses", async () => {
    await expect(saved(opened.access, ["elsewhere"])).rejects.toThrow(
      /answers \/api\/v1\/namespaces\/elsewhere\/configmaps with 403/,
    );
    await expect(saved({ ...opened.access, token: "wrong" }, ["mcp"])).rejects.toThrow("with 401");
  });

  it("are asked of nobody whose certificate is another authority's", async () => {
    const { cert } = selfSigned();
    await expect(saved({ ...opened.access, ca: cert }, ["mcp"])).rejects.toThrow(/certificate/);
  });
});

describeWithMinistack(
  "the bundled programs of the backup",
  (ministack) => {
    let folder = "";
    let env: Record<string, string> = {};
    let s3: S3Client;
    const environment = loadEnvironment(memorySource(catalogFiles()), "production");
    const [plan] = planBackups(environment);

    beforeAll(async () => {
      const { endpoint } = ministack();
      const credentials = { accessKeyId: "test", secretAccessKey: "test" };
      s3 = new S3Client({ endpoint, region: "eu-west-1", credentials, forcePathStyle: true });
      for (const Bucket of ["backups", "scratch"]) {
        await s3.send(new CreateBucketCommand({ Bucket }));
        const VersioningConfiguration = { Status: "Enabled" } as const;
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      }
      await new DynamoDBClient({ endpoint, region: "eu-west-1", credentials }).send(
        new CreateTableCommand({
          TableName: plan?.job.incidentsTable,
          BillingMode: "PAY_PER_REQUEST",
          KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
          AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
        }),
      );
      folder = await mkdtemp(join(tmpdir(), "rollcall-backup-"));
      await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
      env = {
        ...CREDENTIALS,
        PATH: process.env.PATH ?? "",
        AWS_ENDPOINT_URL: endpoint,
        ROLLCALL_BACKUP_BUCKET: "backups",
        ROLLCALL_SCRATCH_BUCKET: "scratch",
      };
    });
    const servers: Server[] = [];
    afterEach(() => {
      for (const server of servers.splice(0)) server.close();
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    /** Invokes a bundled function as Lambda would, with the files beside it. */
    async function invoke(name: "backup" | "restoreDrill", files: Record<string, unknown>): Promise<unknown> {
      const home = join(folder, name);
      bundleProgram({
        entry: join(ROOT, "cloud", FUNCTIONS[name]),
        outfile: join(home, "index.mjs"),
        sdk: "of the runtime",
      });
      for (const [file, value] of Object.entries(files))
        await writeFile(join(home, file), JSON.stringify(value));
      const script = `import(${JSON.stringify(join(home, "index.mjs"))}).then(({handler})=>handler({})).then((r)=>console.log(JSON.stringify(r)))`;
      const { stdout } = await run(process.execPath, ["-e", script], { env, cwd: folder });
      return JSON.parse(stdout);
    }

    it("[SKILL-08] the functions take a backup and verify it, and the cluster's job writes its part beside it", async () => {
      const job = { ...plan?.job, history: plan?.job.history.slice(0, 1) };
      const texts = Object.fromEntries(catalogFiles());
      const taken = await invoke("backup", { "job.json": job, "catalog.json": texts });
      expect(taken).toMatchObject({ run: expect.stringMatching(/^production\/\d{4}-/) });

      const { server, access } = await apiServer();
      servers.push(server);
      const url = new URL(access.origin);
      await writeFile(join(folder, "ca.crt"), access.ca);
      await writeFile(join(folder, "token"), access.token);
      const clusterJob = { ...plan?.cluster?.job, namespaces: ["mcp"] };
      await writeFile(join(folder, "cluster.json"), JSON.stringify(clusterJob));
      const program = bundleForCluster(folder, "backup-cluster.mjs");
      const { stdout } = await run(process.execPath, [program, join(folder, "cluster.json")], {
        cwd: folder,
        env: {
          ...env,
          ROLLCALL_ACCOUNT: folder,
          KUBERNETES_SERVICE_HOST: url.hostname,
          KUBERNETES_SERVICE_PORT: url.port,
        },
      });
      expect(JSON.parse(stdout)).toMatchObject({ objects: 3 });

      const drilled = await invoke("restoreDrill", { "job.json": job });
      expect(drilled).toMatchObject({ verified: true, faults: [], lapses: [] });
      const restored = await s3Store(s3, "scratch").keys("restored/");
      expect(restored.some((key) => key.includes("/production-cluster/"))).toBe(true);
      expect(restored.some((key) => key.includes("/production/"))).toBe(true);
    }, 120_000);
  },
  { services: ["s3", "cloudwatch", "dynamodb"] },
);
