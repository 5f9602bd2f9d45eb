/** `rollcall escalation` against the escalation of the reviewed catalog on the emulator. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { openEscalation, type TopicStatus } from "../../ops/escalation-account.ts";
import { drillReport } from "../../ops/escalation-drill.ts";
import { drillTable, statusTable } from "../../ops/escalation-text.ts";
import { escalatorOf } from "../../plan/escalator.ts";
import { buildPlan } from "../../plan/plan.ts";
import { emulatorConfig } from "../support/aws/clients.ts";
import { ACCOUNT, REGION } from "../support/aws-types.ts";
import { ROOT, rollcall } from "../support/cli.ts";
import { type EscalationCloud, startEscalation } from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const TIMEOUT = 180_000;
const plan = escalatorOf(buildPlan(loadEnvironment(diskSource(ROOT), "staging")));

describeWithMinistack("the escalation of staging", (ministack) => {
  let started: Promise<EscalationCloud> | undefined;
  const begin = (): Promise<EscalationCloud> => {
    // the stand-ins of Slack and PagerDuty are nobody's: the relay reports them as missing
    const apis = { slack: "http://127.0.0.1:9", pagerDuty: "http://127.0.0.1:9" };
    started ??= startEscalation({ endpoint: ministack().endpoint, plan, apis });
    return started;
  };
  const run = (...args: readonly string[]) =>
    rollcall(["escalation", ...args], {
      env: {
        PATH: process.env.PATH,
        HOME: ministack().folder,
        AWS_ENDPOINT_URL: ministack().endpoint,
        AWS_ACCESS_KEY_ID: ACCOUNT,
        AWS_SECRET_ACCESS_KEY: "none",
      },
    });

  test(
    "[CARD-06] a drill tells every level in its order, marked, touches no alarm, and reports when each was told",
    async () => {
      const cloud = await begin();
      const escalation = [...plan.escalations]
        .filter(({ levels }) => levels.length > 1)
        .sort((one, other) => one.levels.length - other.levels.length)[0];
      const { code, stdout, stderr } = await run(
        "drill",
        "staging",
        "--fast",
        "--escalation",
        escalation?.escalation ?? "",
        "--format",
        "json",
      );
      expect([code, stderr]).toEqual([0, ""]);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({
        environment: "staging",
        fast: true,
        complete: true,
        over: true,
        acknowledged: null,
      });
      const levels = report.levels as readonly Record<string, unknown>[];
      expect(levels.map(({ level, dueMs }) => [level, dueMs])).toEqual(
        escalation?.levels.map(({ level }, index) => [level, index * 10_000]),
      );
      for (const [index, { topic, toldAt, afterMs, messageId, missing }] of levels.entries()) {
        const heard = (await cloud.heard(String(topic))).filter(
          ({ incident }) => incident === report.incident,
        );
        expect(heard.map(({ kind, drill }) => [kind, drill])).toEqual([
          ["told", true],
          ["over", true],
        ]);
        expect([typeof messageId, heard[0]?.at]).toEqual(["string", toldAt]);
        expect(Number(afterMs)).toBeGreaterThanOrEqual(index * 10_000);
        const targets = (plan.relay[String(topic)] ?? []).map(
          ({ channel, endpoint }) => `${channel} ${endpoint}`,
        );
        expect(missing).toEqual(targets);
      }
    },
    TIMEOUT,
  );

  test(
    "status lists every level's topic with who listens, and an escalation or an environment that is not there is refused",
    async () => {
      const cloud = await begin();
      const { code, stdout } = await run("status", "staging", "--format", "json");
      const { pending, topics } = JSON.parse(stdout) as { pending: number; topics: readonly TopicStatus[] };
      const names = cloud.plan.escalations.flatMap((one) => one.levels.map((level) => level.topic));
      expect(topics.map(({ topic }) => topic)).toEqual([...new Set(names)]);
      expect(topics.every(({ exists, confirmed }) => exists && confirmed.length > 0)).toBe(true);
      expect([code, pending]).toEqual([0, 0]);
      const unknown = await run("drill", "staging", "--escalation", "nobody");
      const local = await run("drill", "local");
      expect([unknown.code, unknown.stderr]).toEqual([
        64,
        expect.stringContaining("there is no escalation of this name in staging"),
      ]);
      expect([local.code, local.stderr]).toEqual([
        64,
        expect.stringContaining("is an environment of one machine"),
      ]);
    },
    TIMEOUT,
  );
});

test("[CARD-06] an address that has not confirmed is named, on every page of what SNS lists", async () => {
  // the emulator gives a pending subscription an ARN; SNS says PendingConfirmation, and nobody can delete it
  const member = (protocol: string, endpoint: string, arn: string) =>
    `<member><Protocol>${protocol}</Protocol><Endpoint>${endpoint}</Endpoint><SubscriptionArn>${arn}</SubscriptionArn></member>`;
  const answer = (action: string, content: string) =>
    `<${action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${action}Result>${content}</${action}Result></${action}Response>`;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const asked = new URLSearchParams(body);
      const action = asked.get("Action") ?? "";
      const topics =
        "<Topics><member><TopicArn>arn:aws:sns:eu-west-1:1:test-standard-L1</TopicArn></member></Topics>";
      const first = `<Subscriptions>${member("sms", "+12025550123", "arn:sms")}</Subscriptions><NextToken>2</NextToken>`;
      const second = `<Subscriptions>${member("email", "reader@example.com", "PendingConfirmation")}</Subscriptions>`;
      const page = asked.get("NextToken") === null ? first : second;
      response.end(answer(action, action === "ListTopics" ? topics : page));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const account = await openEscalation({
      plan: escalatorPlan("test", { escalations: [ladder("test", "standard", { L1: 0, L2: 1_000 })] }),
      region: REGION,
      config: emulatorConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    });
    const topics = await account.topics();
    expect(topics).toEqual([
      {
        topic: "test-standard-L1",
        exists: true,
        confirmed: ["sms +12025550123"],
        pending: ["email reader@example.com"],
      },
      { topic: "test-standard-L2", exists: false, confirmed: [], pending: [] },
    ]);
    expect(statusTable(topics)).toContain("waiting for email reader@example.com");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a level that was not told makes the drill incomplete, and what has not arrived is named", () => {
  const escalation = ladder("test", "standard", { L1: 0, L2: 1_800_000 });
  const sample = escalatorPlan("test", {
    escalations: [escalation],
    relay: { "test-standard-L1": [{ channel: "slack", endpoint: "#mcp-alerts" }] },
  });
  const incident = {
    id: "0".repeat(32),
    environment: "test",
    alarm: "rollcall drill",
    server: "drill",
    kind: "drill",
    severity: "low",
    escalation: "standard",
    escalates: true,
    text: "",
    reason: "",
    at: "",
    drill: true,
    fast: false,
  } as const;
  const sent = {
    kind: "told",
    level: "L1",
    topic: "test-standard-L1",
    messageId: "1",
    at: "2026-11-21T12:00:02.000Z",
  } as const;
  const report = drillReport({
    plan: sample,
    escalation,
    incident: incident.id,
    fast: false,
    started: Date.parse("2026-11-21T12:00:00.000Z"),
    state: {
      record: { incident, sent: [sent], acknowledged: null, recovered: null, task: null },
      arrivals: new Map(),
    },
    topics: [
      {
        topic: "test-standard-L1",
        exists: true,
        confirmed: ["sms +12025550123"],
        pending: ["email a@example.com"],
      },
    ],
  });
  expect([report.complete, report.over]).toEqual([false, false]);
  expect(drillTable(report)).toBe(
    [
      "",
      "drill of standard in test: not every level was told, nobody acknowledged",
      "  L1  told after 2s  due after 0s   slack #mcp-alerts has not arrived, sms +12025550123 handed to SNS, email a@example.com has not confirmed",
      "  L2  not told       due after 30m",
      `incident ${incident.id}`,
    ].join("\n"),
  );
});
