/**
 * Proves the thin AWS provider that other tests stand on: what the real engine asks for is made on ministack, changed,
 * found again by a refresh, and gone in the end. It does not prove that AWS would take what ministack takes.
 */
import {
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
} from "@aws-sdk/client-cloudwatch";
import { DeleteLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { GenerateMacCommand } from "@aws-sdk/client-kms";
import {
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketReplicationCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { PublishCommand } from "@aws-sdk/client-sns";
import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Clients, openClients } from "../support/aws/clients.ts";
import { everyType, type Wishes } from "../support/aws/every-type.ts";
import { leftovers } from "../support/aws/leftovers.ts";
import { type MinistackAws, ministackAws } from "../support/aws/ministack-aws.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, openEngine } from "../support/engine.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { describeWithMinistack } from "../support/ministack.ts";

describeWithMinistack("the AWS provider on ministack", (ministack) => {
  describeWithTools(["pulumi", "kube-apiserver", "etcd"], "with the real engine", () => {
    const stops: (() => Promise<void>)[] = [];
    const wishes: Wishes = { threshold: 1, team: "blue", says: "one", firesAt: new Date() };
    let clients: Clients;
    let aws: MinistackAws;
    let engine: Engine;
    let kube: Kube;
    let outputs: JsonRecord = {};

    beforeAll(async () => {
      kube = await startKube();
      stops.push(kube.stop);
      const { endpoint } = ministack();
      clients = openClients({ endpoint });
      aws = ministackAws({ endpoint });
      const program = async () => everyType(wishes);
      engine = await openEngine({ program, stack: "staging", project: "every-type", kube, aws });
      stops.push(engine.stop);
    });

    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    const url = (name: string) => String(outputs[name]);
    /** The next message of a queue whose text holds all of these. */
    const heard = async (queue: string, ...texts: readonly string[]): Promise<string> => {
      const QueueUrl = url(queue);
      for (let tries = 0; tries < 6; tries += 1) {
        const asked = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 });
        for (const { Body = "", ReceiptHandle } of (await clients.sqs.send(asked)).Messages ?? []) {
          await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
          if (texts.every((text) => Body.includes(text))) return Body;
        }
      }
      throw new Error(`${queue} did not hear ${texts.join(", ")}`);
    };
    const down = async () => {
      const { MetricAlarms } = await clients.cloudwatch.send(
        new DescribeAlarmsCommand({ AlarmNames: ["server/down"] }),
      );
      return MetricAlarms?.[0];
    };

    it("previews all of it and makes nothing", async () => {
      expect(Object.keys((await engine.preview()).summary)).toEqual(["create"]);
      expect(aws.resources()).toEqual([]);
      expect(await leftovers(clients)).toEqual([]);
    });

    it("makes a thing of each type, and a second up changes nothing", async () => {
      const first = await engine.up();
      expect(first.diagnostics).toEqual([]);
      expect(Object.keys(first.summary)).toEqual(["create"]);
      outputs = await outputsOf(engine);
      expect(await leftovers(clients)).toEqual(
        expect.arrayContaining(["alarm server/down", "alarm server", "bucket rollcall-test-backups"]),
      );
      expect((await engine.up()).steps).toEqual([]);
    });

    it("answers with the emulator's own names and holds what was asked for", async () => {
      expect(outputs).toMatchObject({
        account: "123456789012",
        alarm: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:server/down",
        topic: "arn:aws:sns:eu-west-1:123456789012:page",
        heard: expect.stringMatching(/^http:.*\/123456789012\/heard$/),
      });
      const arn = String(outputs.alarm);
      const { Tags } = await clients.cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: arn }));
      expect(Tags).toEqual([{ Key: "Team", Value: "blue" }]);
      const ttl = await clients.dynamodb.send(new DescribeTimeToLiveCommand({ TableName: "rollcall-state" }));
      expect(ttl.TimeToLiveDescription).toMatchObject({
        AttributeName: "expires",
        TimeToLiveStatus: "ENABLED",
      });
      const Bucket = "rollcall-test-backups";
      const encryption = await clients.s3.send(new GetBucketEncryptionCommand({ Bucket }));
      expect(encryption.ServerSideEncryptionConfiguration?.Rules).toMatchObject([
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: outputs.key },
          BucketKeyEnabled: true,
          BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] },
        },
      ]);
      const replication = await clients.s3.send(new GetBucketReplicationCommand({ Bucket }));
      expect(replication.ReplicationConfiguration?.Rules).toMatchObject([{ ID: "copy", Status: "Enabled" }]);
      const Message = Buffer.from("a link");
      const mac = { KeyId: String(outputs.mac), MacAlgorithm: "HMAC_SHA_256" as const, Message };
      expect((await clients.kms.send(new GenerateMacCommand(mac))).Mac).toHaveLength(32);
    });

    it("has its Lambda run on the project's Node, with the SDK, when the Scheduler fires and when SNS publishes", async () => {
      expect(await heard("heard", "from the scheduler")).toContain(
        `"node":"${process.version.split(".")[0]}`,
      );
      const page = { TopicArn: String(outputs.topic), Message: "from a person" };
      await clients.sns.send(new PublishCommand(page));
      expect(await heard("heard", "from a person")).toContain('"says":"one"');
      const log = { logGroupName: "/rollcall/ear", filterPattern: "heard something" };
      await vi.waitFor(async () => {
        const { events = [] } = await clients.logs.send(new FilterLogEventsCommand(log));
        expect(events.length).toBeGreaterThan(0);
      }, 20_000);
      const loud = { urgency: { DataType: "String", StringValue: "high" } };
      await clients.sns.send(new PublishCommand({ ...page, MessageAttributes: loud }));
      expect(await heard("urgent", "from a person")).toContain('"urgency"');
    });

    it("changes in place what was changed, and nothing else", async () => {
      Object.assign(wishes, { threshold: 2, team: "red", says: "two" });
      const preview = await engine.preview();
      const { steps } = await engine.up();
      expect(steps.map(({ op, name, paths }) => `${op} ${name} ${paths.join(" ")}`).sort()).toEqual([
        "update down tags.Team threshold",
        "update ear code.hash",
      ]);
      expect(preview.steps.length).toBe(steps.length);
      expect((await down())?.Threshold).toBe(2);
      const arn = String(outputs.alarm);
      const { Tags } = await clients.cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: arn }));
      expect(Tags).toEqual([{ Key: "Team", Value: "red" }]);
      const page = { TopicArn: String(outputs.topic), Message: "and again" };
      await clients.sns.send(new PublishCommand(page));
      expect(await heard("heard", "and again")).toContain('"says":"two"');
    });

    it("finds by a refresh what was changed and what was deleted behind its back, and puts it right", async () => {
      const { steps: none } = await engine.refresh();
      expect(none.filter(({ op }) => op !== "refresh")).toEqual([]);
      const { AlarmArn: _, ...now } = (await down()) ?? {};
      await clients.cloudwatch.send(
        new PutMetricAlarmCommand({
          AlarmName: "server/down",
          ComparisonOperator: now.ComparisonOperator,
          EvaluationPeriods: 1,
          Threshold: 99,
        }),
      );
      await clients.logs.send(new DeleteLogGroupCommand({ logGroupName: "/rollcall/idle" }));
      await engine.refresh();
      const { steps } = await engine.up();
      expect(steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(["create idle", "update down"]);
      expect(steps.find(({ name }) => name === "down")?.paths).toEqual(
        expect.arrayContaining(["evaluationPeriods", "threshold"]),
      );
      expect((await down())?.Threshold).toBe(2);
    });

    it("refuses to delete an alarm that a composite names, and a bucket that is not empty", async () => {
      const AlarmNames = ["server/down"];
      await expect(clients.cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames }))).rejects.toThrow(
        "composite alarm(s) depending on it",
      );
      // two versions under a lock, in the bucket that the program lets be emptied
      const Bucket = "rollcall-test-backups";
      for (const Body of ["one", "two"])
        await clients.s3.send(new PutObjectCommand({ Bucket, Key: "backup", Body }));
      const object = { Bucket: "rollcall-test-logs", Key: "kept" };
      await clients.s3.send(new PutObjectCommand({ ...object, Body: "a line" }));
      await expect(engine.destroy()).rejects.toThrow(/not empty/i);
      await clients.s3.send(new DeleteObjectCommand(object));
    });

    it("leaves nothing behind when it is destroyed, and empties only the bucket that says so", async () => {
      await engine.destroy();
      expect(aws.resources()).toEqual([]);
      expect(await leftovers(clients)).toEqual([]);
      expect((await engine.exportStack()).deployment.resources ?? []).toEqual([]);
    });

    describe("with an alarm API of three calls a second", () => {
      it("makes forty alarms and takes them away again, as slowly as it must", async () => {
        const slow = ministackAws({ endpoint: ministack().endpoint, callsPerSecond: 3 });
        const program = async () => {
          for (let index = 0; index < 40; index += 1) plainAlarm(`alarm-${index}`);
        };
        const throttled = await openEngine({ program, stack: "staging", project: "alarms", kube, aws: slow });
        stops.push(throttled.stop);
        expect((await throttled.up()).summary).toEqual({ create: 41 });
        expect(slow.throttled()).toBeGreaterThan(0);
        expect(await leftovers(clients)).toHaveLength(40);
        await throttled.destroy();
        expect(await leftovers(clients)).toEqual([]);
      });
    });
  });
});

function plainAlarm(name: string): void {
  new MetricAlarm(name, {
    name,
    comparisonOperator: "GreaterThanThreshold",
    evaluationPeriods: 1,
    namespace: "Rollcall",
    metricName: "failed",
    period: 60,
    statistic: "Sum",
    threshold: 1,
  });
}

async function outputsOf(engine: Engine): Promise<JsonRecord> {
  const { deployment } = await engine.exportStack();
  const resources: unknown[] = deployment.resources ?? [];
  return asRecord(asRecord(resources.find((one) => asRecord(one).type === "pulumi:pulumi:Stack")).outputs);
}
