import { gunzipSync } from "node:zlib";
import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { memorySource } from "../../catalog/snapshot.ts";
import { TOOLS_LOCK } from "../../catalog/tools-lock.ts";
import { type DailyInput, dailyBackup } from "../../cloud/backup/daily.ts";
import type { HistoryLine } from "../../cloud/backup/history.ts";
import { MANIFEST, type Manifest } from "../../cloud/backup/manifest.ts";
import { s3Store } from "../../cloud/backup/s3-store.ts";
import { TakenError, TooLargeError } from "../../cloud/backup/store.ts";
import { takeBackup } from "../../cloud/backup/take.ts";
import { restoreDrill } from "../../cloud/backup/weekly.ts";
import type { BackupJob } from "../../plan/backup-types.ts";
import { BACKUP_NAMESPACE, type BackupMetric, planBackups } from "../../plan/backups.ts";
import { serverMetric } from "../../plan/server-metric.ts";
import { catalogFiles } from "../support/catalog-files.ts";
import { lockedBucket } from "../support/locked-bucket.ts";
import { describeWithMinistack } from "../support/ministack.ts";

/**
 * The backup and the drill over the emulator's S3, DynamoDB and CloudWatch. What AWS's own policies let the two roles do
 * is not proved here: the emulator asks nobody who he is.
 */

const REGION = "eu-west-1";
const NIGHT = Date.parse("2026-11-22T02:00:00.000Z");
const DAY = 86_400_000;
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const texts = catalogFiles();

describeWithMinistack(
  "backups in S3",
  (ministack) => {
    let clients: Clients;
    let job: BackupJob;
    let bucket = "";
    let count = 0;

    beforeAll(async () => {
      clients = clientsOf(ministack().endpoint);
      const environment = loadEnvironment(memorySource(texts), "production");
      const [planned] = planBackups(environment);
      if (planned === undefined) throw new Error("production has no backup");
      job = { ...planned.job, clusterPrefix: null, history: planned.job.history.slice(0, 2) };
      await clients.dynamodb.send(
        new CreateTableCommand({
          TableName: job.incidentsTable,
          BillingMode: "PAY_PER_REQUEST",
          KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
          AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
        }),
      );
    });

    /** A new locked bucket with its scratch bucket, and the inputs of both programs at a moment. */
    async function world(change: Partial<BackupJob> = {}) {
      count += 1;
      bucket = `backups-${count}`;
      await lockedBucket(clients.s3, bucket);
      await clients.s3.send(new CreateBucketCommand({ Bucket: `scratch-${count}` }));
      const backups = s3Store(clients.s3, bucket);
      const scratch = s3Store(clients.s3, `scratch-${count}`);
      const clusterLines: string[] = [];
      const at = (now: number): DailyInput => ({
        job: { ...job, ...change },
        texts,
        tool: "0.1.0",
        backups,
        scratch,
        state: null,
        ...clients,
        tell: (line) => clusterLines.push(line),
        now: () => now,
      });
      const drillAt = async (now: number) => {
        const told: string[] = [];
        const result = await restoreDrill({ ...at(now), tell: (line) => told.push(line) });
        return { ...result, told };
      };
      return { backups, scratch, at, drillAt, clusterLines };
    }

    async function metric(name: BackupMetric, at: number): Promise<number | undefined> {
      const { Datapoints = [] } = await clients.cloudwatch.send(
        new GetMetricStatisticsCommand({
          Namespace: BACKUP_NAMESPACE,
          MetricName: name,
          Dimensions: [{ Name: "Environment", Value: "production" }],
          StartTime: new Date(at - 60_000),
          EndTime: new Date(at + 60_000),
          Period: 60,
          Statistics: ["Maximum"],
        }),
      );
      return Datapoints[0]?.Maximum;
    }

    it("[SKILL-08] writes every part of an environment into a folder of its own, the manifest last", async () => {
      const { at, backups, drillAt } = await world();
      const manifest = await dailyBackup(at(NIGHT));
      expect(manifest.run).toBe("2026-11-22T020000Z");
      expect(manifest.absent).toEqual([
        { source: "state", why: "not configured", detail: "the catalog has no backup.stateBucket" },
      ]);
      const folder = "production/2026-11-22T020000Z/";
      expect(new Set(manifest.objects.map(({ source }) => source))).toEqual(
        new Set(["run", "catalog", "contract", "servers", "desktop", "plan", "history", "incidents"]),
      );
      expect(await backups.keys(folder)).toEqual(
        [...manifest.objects.map(({ key }) => key), `${folder}${MANIFEST}`].sort(),
      );
      const written = await backups.get({ key: `${folder}${MANIFEST}`, maxBytes: 1e6 });
      expect(JSON.parse(Buffer.from(written ?? []).toString("utf8"))).toEqual(manifest);
      const result = await drillAt(NIGHT + 3_600_000);
      expect(result.told).toEqual([]);
      expect(await metric("BackupObjects", NIGHT)).toBe(manifest.objects.length);
      expect(await metric("BackupFaults", NIGHT)).toBe(0);
      expect(await metric("RestoreVerified", NIGHT + 3_600_000)).toBe(1);
      expect(await metric("RestoreVerifiedAgeSeconds", NIGHT + 3_600_000)).toBe(0);
    });

    it("gives two backups of the same second a folder each, and one of the next day another", async () => {
      const { at, backups } = await world();
      const runs = [
        await dailyBackup(at(NIGHT)),
        await dailyBackup(at(NIGHT)),
        await dailyBackup(at(NIGHT + DAY)),
      ];
      expect(runs.map(({ run }) => run)).toEqual([
        "2026-11-22T020000Z",
        "2026-11-22T020001Z",
        "2026-11-23T020000Z",
      ]);
      const together = await Promise.all([
        dailyBackup(at(NIGHT + 2 * DAY)),
        dailyBackup(at(NIGHT + 2 * DAY)),
      ]);
      expect(new Set(together.map(({ run }) => run)).size).toBe(2);
      expect(await backups.folders("production/")).toHaveLength(5);
    });

    it("[CARD-08] a locked version cannot be deleted, and what was put over it is found", async () => {
      const { at, drillAt } = await world();
      const { objects } = await dailyBackup(at(NIGHT));
      const entry = objects.find(({ source }) => source === "plan");
      const target = { Bucket: bucket, Key: entry?.key ?? "" };
      await expect(
        clients.s3.send(new DeleteObjectCommand({ ...target, VersionId: entry?.versionId })),
      ).rejects.toMatchObject({ name: "AccessDenied" });
      await clients.s3.send(new PutObjectCommand({ ...target, Body: "corrupt" }));
      const { verified, told } = await drillAt(NIGHT + 3_600_000);
      expect(verified).toBe(false);
      expect(told).toEqual([
        expect.stringMatching(
          /^s3:\/\/backups-\d+\/production\/2026-11-22T020000Z\/plan\.json: was written over after the backup; read version \S+, which/,
        ),
      ]);
      expect(await metric("RestoreFaults", NIGHT + 3_600_000)).toBe(1);
    });

    it("a missing object, deleted behind the backup's back, is found", async () => {
      const { at, drillAt } = await world();
      const { objects } = await dailyBackup(at(NIGHT + DAY));
      const key = objects.find(({ source }) => source === "contract")?.key ?? "";
      await clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      const { told } = await drillAt(NIGHT + DAY + 60_000);
      expect(told).toEqual([
        expect.stringContaining("tools.lock.yaml: was deleted after the backup; read version"),
      ]);
    });

    it("a corrupt, a missing and a truncated object are named where the bucket itself keeps no versions", async () => {
      const { at, drillAt, backups } = await world();
      // a bucket of another making: nothing is locked, so that its objects can be broken in place
      const plain = `plain-${count}`;
      await clients.s3.send(new CreateBucketCommand({ Bucket: plain }));
      const loose = s3Store(clients.s3, plain);
      const { objects } = await dailyBackup({ ...at(NIGHT), backups: loose });
      const [first, second, third] = objects.filter(({ source }) => source === "catalog");
      const put = (Key = "", Body: Uint8Array = new Uint8Array()) =>
        clients.s3.send(new PutObjectCommand({ Bucket: plain, Key, Body }));
      const bytes = await loose.get({ key: second?.key ?? "", maxBytes: 1e6 });
      await put(first?.key, Buffer.alloc(first?.size ?? 0, "x"));
      await put(second?.key, bytes?.slice(0, -1));
      await clients.s3.send(new DeleteObjectCommand({ Bucket: plain, Key: third?.key ?? "" }));
      const told: string[] = [];
      await restoreDrill({ ...at(NIGHT + 60_000), backups: loose, tell: (line) => told.push(line) });
      expect(told).toEqual([
        expect.stringContaining(`${third?.key}: is missing`),
        expect.stringContaining(`${first?.key}: is corrupt: its SHA-256 is`),
        expect.stringContaining(`${second?.key}: is cut short: ${(second?.size ?? 0) - 1} bytes instead of`),
      ]);
      expect((await drillAt(NIGHT)).told).toEqual([
        `${backups.place("production/")}: holds no complete backup; start the backup function, and look into its log for what it says`,
      ]);
    });

    it("says how long ago a restore was verified, and counts from the oldest backup where none was", async () => {
      const { at, drillAt } = await world();
      await dailyBackup(at(NIGHT));
      await dailyBackup(at(NIGHT + 3 * DAY));
      expect(await metric("RestoreVerifiedAgeSeconds", NIGHT + 3 * DAY)).toBe(3 * 86_400);
      expect((await drillAt(NIGHT + 3 * DAY + 3_600_000)).verified).toBe(true);
      await dailyBackup(at(NIGHT + 4 * DAY));
      expect(await metric("RestoreVerifiedAgeSeconds", NIGHT + 4 * DAY)).toBe(23 * 3_600);
    });

    it("keeps the probe's measurements as statistic sets, a line a metric", async () => {
      const { at, backups } = await world();
      const server = job.history[0]?.server ?? "";
      const { Namespace, MetricName, Dimensions } = serverMetric({
        environment: "production",
        server,
        metric: "McpLatency",
      });
      await clients.cloudwatch.send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: [10, 30].map((Value) => ({
            MetricName,
            Dimensions: [...Dimensions],
            Timestamp: new Date(NIGHT - 3_600_000),
            Value,
          })),
        }),
      );
      const { objects } = await dailyBackup(at(NIGHT));
      const key = objects.find((one) => one.key.endsWith(`history/${server}.jsonl.gz`))?.key ?? "";
      const packed = await backups.get({ key, maxBytes: 1e6 });
      const lines = gunzipSync(packed ?? Buffer.alloc(0))
        .toString("utf8")
        .trim()
        .split("\n");
      expect(lines.map((line) => JSON.parse(line) as HistoryLine)).toEqual([
        {
          server,
          metric: "McpLatency",
          periodSeconds: 60,
          at: [(NIGHT - 3_600_000) / 1_000],
          sum: [40],
          count: [2],
          minimum: [10],
          maximum: [30],
        },
      ]);
    });

    it("is whole without a lock of tools, which a catalog need not have", async () => {
      const { at, drillAt } = await world();
      const without = new Map(texts);
      expect(without.delete(TOOLS_LOCK)).toBe(true);
      const { absent } = await dailyBackup({ ...at(NIGHT), texts: without });
      expect(absent).toContainEqual({
        source: "contract",
        why: "not configured",
        detail: "the catalog has no stacks/tools.lock.yaml",
      });
      const { verified, told } = await drillAt(NIGHT + 60_000);
      expect([verified, told]).toEqual([true, []]);
    });

    it("looks at the cluster's part, which its own job writes, and publishes its age and its faults", async () => {
      const clusterPrefix = "production-cluster/";
      const { at, backups, drillAt, clusterLines } = await world({ clusterPrefix });
      const environment = "production";
      const refused = () => Promise.reject(new Error("answered with 403"));
      await takeBackup({
        ...{ store: backups, prefix: clusterPrefix, environment, part: "cluster", catalog: "0123456" },
        ...{ tool: "0.1.0", absent: [], sources: [{ source: "configmaps", pieces: refused }] },
        now: () => NIGHT,
      });
      await dailyBackup(at(NIGHT + 2 * DAY));
      expect(await metric("ClusterBackupAgeSeconds", NIGHT + 2 * DAY)).toBe(2 * 86_400);
      expect(await metric("BackupFaults", NIGHT + 2 * DAY)).toBe(1);
      expect(clusterLines).toEqual([
        expect.stringContaining("production-cluster/: has had no complete backup for 48 hours; look into"),
        expect.stringContaining("manifest.json: has no whole configmaps: answered with 403"),
      ]);
      const drilled = NIGHT + 2 * DAY + 3_600_000;
      expect((await drillAt(drilled)).verified).toBe(false);
      expect(await metric("RestoreFaults", drilled)).toBe(0);
      expect(await metric("RestoreLapses", drilled)).toBe(2);
    });

    it("takes no backup at all of a catalog that holds a literal secret", async () => {
      const { at, backups } = await world();
      const shared = texts.get("stacks/shared.yaml") ?? "";
      const bad = new Map(texts).set("stacks/shared.yaml", `${shared}\nx: ghp_${"a1B2".repeat(9)}\n`);
      await expect(dailyBackup({ ...at(NIGHT), texts: bad })).rejects.toThrow("holds a literal secret");
      expect(await backups.folders("production/")).toEqual([]);
    });

    it("writes what it can when a source cannot be read, says so in the manifest, and fails", async () => {
      const { at, backups, drillAt } = await world({ incidentsTable: "nowhere" });
      await expect(dailyBackup(at(NIGHT))).rejects.toThrow(/lacks incidents \(/);
      expect(await metric("BackupFaults", NIGHT)).toBe(1);
      const folder = "production/2026-11-22T020000Z/";
      const written = await backups.get({ key: `${folder}${MANIFEST}`, maxBytes: 1e6 });
      const { absent } = JSON.parse(Buffer.from(written ?? []).toString("utf8")) as Manifest;
      expect(absent.filter(({ why }) => why === "failed").map(({ source }) => source)).toEqual(["incidents"]);
      expect((await drillAt(NIGHT + 60_000)).told).toEqual([
        expect.stringContaining("manifest.json: has no whole incidents: "),
      ]);
    });

    describe("the state of Pulumi", () => {
      const prefix = "team/.pulumi/stacks/rollcall/production.";
      const secret = (value: object) => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", ...value });

      async function stateWorld(state: object) {
        const made = await world({ state: { bucket: "unused", prefix, keyArn: null } });
        const name = `state-${count}`;
        await clients.s3.send(new CreateBucketCommand({ Bucket: name }));
        for (const [key, body] of [
          [`${prefix}json`, JSON.stringify(state)],
          [`${prefix}json.bak`, "older"],
          ["team/.pulumi/stacks/rollcall/staging.json", "another"],
        ] as const)
          await clients.s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body: body }));
        return { ...made, input: { ...made.at(NIGHT), state: s3Store(clients.s3, name) } };
      }

      it("is saved with its secrets as Pulumi has encrypted them, and no other stack's with it", async () => {
        const state = { checkpoint: { latest: { resources: [secret({ ciphertext: "v1:abc" })] } } };
        const { input, backups, drillAt } = await stateWorld(state);
        const { objects, absent } = await dailyBackup(input);
        expect(absent).toEqual([]);
        const saved = objects.filter(({ source }) => source === "state");
        expect(saved.map(({ key }) => key)).toEqual(["production/2026-11-22T020000Z/state/production.json"]);
        const bytes = await backups.get({ key: saved[0]?.key ?? "", maxBytes: 1e6 });
        expect(JSON.parse(Buffer.from(bytes ?? []).toString("utf8"))).toEqual(state);
        expect((await drillAt(NIGHT + 60_000)).told).toEqual([]);
      });

      it("is not saved with a secret in plain text", async () => {
        const { input, backups } = await stateWorld({ resources: [secret({ plaintext: '"hunter2"' })] });
        await expect(dailyBackup(input)).rejects.toThrow("holds a secret in plain text");
        expect((await backups.keys("production/")).filter((key) => key.includes("/state/"))).toEqual([]);
      });
    });

    it("the store refuses a key that is taken, and an object that is too large", async () => {
      const { backups } = await world();
      const object = { key: "a/b", bytes: Buffer.from("hello"), contentType: "text/plain" };
      await backups.put({ ...object, onlyNew: true });
      await expect(backups.put({ ...object, onlyNew: true })).rejects.toBeInstanceOf(TakenError);
      await expect(backups.get({ key: "a/b", maxBytes: 4 })).rejects.toBeInstanceOf(TooLargeError);
      expect(await backups.get({ key: "a/c", maxBytes: 4 })).toBeUndefined();
      expect(await backups.get({ key: "a/b", versionId: "no-such", maxBytes: 4 })).toBeUndefined();
    });

    it("reads on where a listing has more than one page", async () => {
      const { backups } = await world();
      const small = s3Store(clients.s3, bucket, 2);
      const names = Array.from({ length: 7 }, (_, index) => `p/${index}/x`);
      const bytes = Buffer.from("x");
      for (const key of [...names, ...names]) await backups.put({ key, bytes, contentType: "text/plain" });
      await clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "p/3/x" }));
      const left = names.filter((key) => key !== "p/3/x");
      expect(await small.keys("p/")).toEqual(left);
      expect(await small.folders("p/")).toEqual(left.map((key) => key.split("/")[1]));
      const versions = await small.versions("p/");
      expect(versions).toHaveLength(15);
      expect(versions.filter(({ deleted }) => deleted).map(({ key }) => key)).toEqual(["p/3/x"]);
    });
  },
  { services: ["s3", "cloudwatch", "dynamodb"] },
);

interface Clients {
  readonly s3: S3Client;
  readonly cloudwatch: CloudWatchClient;
  readonly dynamodb: DynamoDBClient;
}

function clientsOf(endpoint: string): Clients {
  const config = { endpoint, region: REGION, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    cloudwatch: new CloudWatchClient(config),
    dynamodb: new DynamoDBClient(config),
  };
}
