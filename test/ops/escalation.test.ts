/** `rollcall escalation` against the escalation of the reviewed catalog on the emulator. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SNSClient, SubscribeCommand, UnsubscribeCommand } from "@aws-sdk/client-sns";
import { expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { openEscalation, type TopicStatus } from "../../ops/escalation-account.ts";
import { type DrillReport, drillReport } from "../../ops/escalation-drill.ts";
import { listenersOf, plannedListeners } from "../../ops/escalation-listeners.ts";
import { drillTable, statusTable } from "../../ops/escalation-text.ts";
import { escalatorOf } from "../../plan/escalator.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { EscalationPlan, Subscription } from "../../plan/types.ts";
import { emulatorConfig } from "../support/aws/clients.ts";
import { ACCOUNT, REGION } from "../support/aws-types.ts";
import { ROOT, rollcall } from "../support/cli.ts";
import { type EscalationCloud, startEscalation } from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const TIMEOUT = 180_000;
const plan = escalatorOf(buildPlan(loadEnvironment(diskSource(ROOT), "staging")));

interface Status {
  readonly pending: number;
  readonly missing: number;
  readonly topics: readonly TopicStatus[];
}

/** Whom SNS is to tell by itself, none of whom the cloud of a test subscribes. */
const addressesOf = (topic: string): readonly string[] =>
  plannedListeners(plan, topic).filter((one) => !one.startsWith("lambda "));

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
    "[CARD-06] a drill tells every level in its order, marked, touches no alarm, and reports when each was told and that nobody can have heard it",
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
      // the relay reaches nobody, and no address is subscribed
      expect([code, stderr]).toEqual([2, ""]);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({
        environment: "staging",
        fast: true,
        complete: true,
        over: true,
        acknowledged: null,
        verdict: "unhealthy",
      });
      const levels = report.levels as readonly Record<string, unknown>[];
      expect(levels.map(({ level, dueMs }) => [level, dueMs])).toEqual(
        escalation?.levels.map(({ level }, index) => [level, index * 10_000]),
      );
      for (const [index, level] of levels.entries()) {
        const { topic, toldAt, afterMs, messageId, missing, unsubscribed, handed } = level;
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
        expect([missing, handed]).toEqual([targets, []]);
        expect(unsubscribed).toEqual(addressesOf(String(topic)));
      }
    },
    TIMEOUT,
  );

  test(
    "status lists every topic with who listens, is unhealthy until everybody of the plan does, and refuses what is not there",
    async () => {
      const cloud = await begin();
      const status = async () => {
        const { code, stdout, stderr } = await run("status", "staging", "--format", "json");
        expect(stderr).toBe("");
        return { code, ...(JSON.parse(stdout) as Status) };
      };
      const names = cloud.plan.escalations.flatMap((one) => one.levels.map((level) => level.topic));
      const nobody = await status();
      expect(nobody.topics.map(({ topic }) => topic)).toEqual([plan.intake, ...new Set(names)]);
      expect(nobody.topics.every(({ exists, confirmed }) => exists && confirmed.length > 0)).toBe(true);
      for (const { topic, missing } of nobody.topics) expect(missing).toEqual(addressesOf(topic));
      expect([nobody.code, nobody.pending]).toEqual([2, 0]);

      const sns = new SNSClient(emulatorConfig(ministack().endpoint));
      let last: string | undefined;
      for (const topic of names)
        for (const address of addressesOf(topic)) {
          const [Protocol, Endpoint] = address.split(" ");
          const TopicArn = `arn:aws:sns:${REGION}:${ACCOUNT}:${topic}`;
          last = (await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }))).SubscriptionArn;
        }
      const all = await status();
      expect([all.code, all.pending, all.missing]).toEqual([0, 0, 0]);

      // one click in the footer of a mail
      await sns.send(new UnsubscribeCommand({ SubscriptionArn: last }));
      const one = await status();
      expect([one.code, one.pending, one.missing]).toEqual([2, 0, 1]);
      await cloud.dropTopic(String(names[0]));
      const { topics } = await status();
      expect(topics.find(({ topic }) => topic === names[0])).toMatchObject({
        exists: false,
        missing: plannedListeners(plan, String(names[0])),
      });
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

test("[CARD-06] an address that has not confirmed is named, and one that is not there, on every page of what SNS lists", async () => {
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
      const second = `<Subscriptions>${member("email", "reader@example.com", "PendingConfirmation")}${member("email", "gone@example.com", "Deleted")}</Subscriptions>`;
      const page = asked.get("NextToken") === null ? first : second;
      response.end(answer(action, action === "ListTopics" ? topics : page));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const sample = escalatorPlan("test", {
      escalations: [
        listening(ladder("test", "standard", { L1: 0, L2: 1_000 }), {
          L1: ["sms +12025550123", "email Reader@example.com", "email gone@example.com"],
          L2: ["email second@example.com"],
        }),
      ],
      relay: { "test-standard-L1": [{ channel: "slack", endpoint: "#mcp-alerts" }] },
    });
    const account = await openEscalation({
      plan: sample,
      region: REGION,
      config: emulatorConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    });
    const topics = await account.topics();
    expect(topics).toEqual([
      {
        topic: "rollcall-test-alarms",
        exists: false,
        confirmed: [],
        pending: [],
        missing: ["lambda rollcall-test-escalation-starter"],
      },
      {
        topic: "test-standard-L1",
        exists: true,
        confirmed: ["sms +12025550123"],
        pending: ["email Reader@example.com"],
        missing: ["email gone@example.com", "lambda rollcall-test-escalation-relay"],
      },
      {
        topic: "test-standard-L2",
        exists: false,
        confirmed: [],
        pending: [],
        missing: ["email second@example.com"],
      },
    ]);
    expect(statusTable("test", topics)).toBe(
      [
        "  rollcall-test-alarms  does not exist  missing lambda rollcall-test-escalation-starter",
        "  test-standard-L1      1 confirmed     waiting for email Reader@example.com; missing email gone@example.com, lambda rollcall-test-escalation-relay",
        "  test-standard-L2      does not exist  missing email second@example.com",
        "1 address has not confirmed",
        "2 of the plan are not subscribed: nobody answered in time, or somebody unsubscribed",
        "npx pulumi up --stack test --target-replace <urn of the subscription> asks again; SNS forgets a question after 3 days",
        "2 topics do not exist: npx pulumi up --stack test --refresh makes what is not there",
      ].join("\n"),
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("an address is the same in capitals, and a function the same in any account", () => {
  const listed = [
    { Protocol: "email", Endpoint: "reader@example.com", SubscriptionArn: "arn:1" },
    { Protocol: "lambda", Endpoint: "arn:aws:lambda:eu-west-1:1:function:relay", SubscriptionArn: "arn:2" },
    { Protocol: "sms", Endpoint: "+12025550199", SubscriptionArn: "arn:3" },
  ];
  expect(listenersOf(listed, ["email Reader@example.com", "lambda relay"])).toEqual({
    confirmed: ["email Reader@example.com", "lambda relay", "sms +12025550199"],
    pending: [],
    missing: [],
  });
});

/** A ladder with who is to hear each level: `email reader@example.com`. */
function listening(plain: EscalationPlan, who: Readonly<Record<string, readonly string[]>>): EscalationPlan {
  const subscriptionOf = (address: string): Subscription => {
    const [channel, endpoint = ""] = address.split(" ");
    return { contact: "reader", channel: channel as Subscription["channel"], endpoint, sns: true };
  };
  const levels = plain.levels.map((one) => ({
    ...one,
    subscriptions: (who[one.level] ?? []).map(subscriptionOf),
  }));
  return { ...plain, levels };
}

/** A drill of two levels, L1 to Slack and two addresses, L2 to one. Nothing is wrong but for what is given. */
function drilled(given: {
  readonly told?: readonly string[];
  readonly arrived?: readonly string[];
  readonly pending?: readonly string[];
  readonly missing?: readonly string[];
}): DrillReport {
  const { told = ["L1", "L2"], arrived = ["slack #mcp-alerts"], pending = [], missing = [] } = given;
  const who = { L1: ["sms +12025550123", "email a@example.com"], L2: ["email b@example.com"] };
  const escalation = listening(ladder("test", "standard", { L1: 0, L2: 1_800_000 }), who);
  const sample = escalatorPlan("test", {
    escalations: [escalation],
    relay: { "test-standard-L1": [{ channel: "slack", endpoint: "#mcp-alerts" }] },
  });
  const id = "0".repeat(32);
  const incident = {
    id,
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
  const at = "2026-11-21T12:00:02.000Z";
  const sent = told.map(
    (level) => ({ kind: "told", level, topic: `test-standard-${level}`, messageId: level, at }) as const,
  );
  const without = (all: readonly string[], others: readonly string[]): string[] =>
    all.filter((one) => !others.includes(one));
  return drillReport({
    plan: sample,
    escalation,
    incident: id,
    fast: false,
    started: Date.parse("2026-11-21T12:00:00.000Z"),
    state: {
      record: {
        incident,
        sent,
        acknowledged: null,
        recovered: null,
        superseded: null,
        heard: [],
        task: null,
      },
      arrivals: new Map([["L1", new Map(arrived.map((target) => [target, at]))]]),
    },
    topics: Object.entries(who).map(([level, all]) => ({
      topic: `test-standard-${level}`,
      exists: true,
      confirmed: without(without(all, pending), missing),
      pending: all.filter((one) => pending.includes(one)),
      missing: all.filter((one) => missing.includes(one)),
    })),
  });
}

test("a level that was not told makes the drill incomplete, and what has not arrived is named", () => {
  const report = drilled({ told: ["L1"], arrived: [], pending: ["email a@example.com"] });
  expect([report.complete, report.over, report.verdict]).toEqual([false, false, "unhealthy"]);
  expect(drillTable(report)).toBe(
    [
      "",
      "drill of standard in test: not every level was told, nobody acknowledged",
      "  L1  told after 2s  due after 0s   slack #mcp-alerts has not arrived, sms +12025550123 handed to SNS, email a@example.com has not confirmed",
      "  L2  not told       due after 30m",
      `incident ${report.incident}`,
      "what has not arrived says why in the log group /rollcall/test/escalation",
      "1 address has not confirmed",
      "npx pulumi up --stack test --target-replace <urn of the subscription> asks again; SNS forgets a question after 3 days",
    ].join("\n"),
  );
});

test.each([
  ["everybody of every level", {}, "healthy", "every level was told, nobody acknowledged"],
  ["all but a target of the relay", { arrived: [] }, "degraded", "and not everybody can have heard it"],
  [
    "all but one who has not confirmed",
    { pending: ["email a@example.com"] },
    "degraded",
    "email a@example.com has not confirmed",
  ],
  [
    "all but one who is not subscribed",
    { missing: ["email a@example.com"] },
    "degraded",
    "email a@example.com is not subscribed",
  ],
  [
    "nobody of one level",
    { missing: ["email b@example.com"] },
    "unhealthy",
    "and of one nobody can have heard it",
  ],
] as const)("a drill that reached %s says so", (_, given, verdict, said) => {
  const report = drilled(given);
  expect([report.complete, report.verdict]).toEqual([true, verdict]);
  expect(drillTable(report)).toContain(said);
});
