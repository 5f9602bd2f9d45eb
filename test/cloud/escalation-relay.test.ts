/**
 * What Slack and PagerDuty are told. Their stand-ins are real HTTP servers that refuse what the real ones refuse, as
 * far as their references say it; that the real ones take it is not proved here.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { noticeSchema } from "../../cloud/escalation/notice.ts";
import { dedupKey } from "../../cloud/escalation/pagerduty.ts";
import { postJson } from "../../cloud/escalation/post.ts";
import { type RelayPlan, readNotice, relay } from "../../cloud/escalation/relay-rules.ts";
import { slackMessage } from "../../cloud/escalation/slack.ts";
import { topicMessage } from "../../cloud/escalation/texts.ts";
import { eventually, startEscalation, toldRecord } from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const TIMEOUT = 60_000;
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

interface Asked {
  readonly path: string;
  readonly authorization: string;
  readonly body: JsonRecord;
}

/** A server that takes JSON and answers what `answer` says of it: a status and a document. */
async function api(answer: (asked: Asked) => readonly [number, object]) {
  const taken: Asked[] = [];
  const server = createServer((request, response) => {
    void read(request).then((text) => {
      const { authorization = "" } = request.headers;
      const isJson = request.headers["content-type"] === "application/json; charset=utf-8";
      const asked = { path: request.url ?? "", authorization, body: asRecord(JSON.parse(text)) };
      const [status, document] = isJson && request.method === "POST" ? answer(asked) : [415, {}];
      if (status < 300) taken.push(asked);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
    });
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** chat.postMessage: a bot token, a channel, a text, blocks of at most 3,000 characters. */
const slackApi = () =>
  api(({ path, authorization, body }) => {
    if (path !== "/chat.postMessage") return [404, {}];
    if (authorization !== "Bearer value of /rollcall/relay/slack/token")
      return [200, { ok: false, error: "invalid_auth" }];
    const blocks = (body.blocks ?? []) as readonly { text?: { type: string; text: string } }[];
    if (blocks.some(({ text }) => (text?.text.length ?? 0) > 3_000))
      return [200, { ok: false, error: "invalid_blocks" }];
    if (typeof body.channel !== "string" || typeof body.text !== "string")
      return [200, { ok: false, error: "no_text" }];
    return [200, { ok: true, channel: "C1", ts: "1.1" }];
  });

/** Events API v2: what a trigger must have, what the others must. */
const pagerDutyApi = () =>
  api(({ path, body }) => {
    const { routing_key: routing, event_action: action, dedup_key: key, payload } = body;
    const isKnown = path === "/v2/enqueue" && routing === "value of /rollcall/relay/pagerduty/operations";
    if (!isKnown || !["trigger", "acknowledge", "resolve"].includes(String(action)))
      return [400, { status: "invalid event" }];
    if (typeof key !== "string" || key.length > 255) return [400, { status: "invalid event" }];
    if (action === "trigger") {
      const { summary, source, severity } = asRecord(payload);
      const isWhole = typeof summary === "string" && summary.length <= 1_024 && typeof source === "string";
      if (!isWhole || !["critical", "error", "warning", "info"].includes(String(severity))) return [400, {}];
    }
    return [202, { status: "success", dedup_key: key }];
  });

const topic = "relay-standard-L1";
const targets = [
  { channel: "slack", endpoint: "#mcp-alerts" },
  { channel: "pagerduty", endpoint: "operations" },
] as const;

describeWithMinistack("the relay", (ministack) => {
  test(
    "[SKILL-07] Slack has a message of every step, and PagerDuty trigger, acknowledge and resolve under one key",
    async () => {
      const [slack, pagerDuty] = [await slackApi(), await pagerDutyApi()];
      const plan = escalatorPlan("relay", {
        escalations: [ladder("relay", "standard", { L1: 0, L2: 600_000 })],
        alarms: {
          "relay-task-mcp-page": {
            server: "task-mcp",
            kind: "page",
            severity: "critical",
            escalation: "standard",
            escalates: true,
          },
        },
        relay: { [topic]: [...targets] },
        secrets: ["/rollcall/relay/slack/token", "/rollcall/relay/pagerduty/operations"],
      });
      const apis = { slack: slack.url, pagerDuty: pagerDuty.url };
      const cloud = await startEscalation({ endpoint: ministack().endpoint, plan, apis });
      const alarm = "relay-task-mcp-page";
      const at = (minute: number) => `2026-11-21T12:0${minute}:00.000+0000`;
      const text = "task-mcp <!channel> is down & out. First: look. Runbook: docs/runbooks/server-down.md";
      await cloud.deliver({
        AlarmName: alarm,
        AlarmDescription: text,
        NewStateValue: "ALARM",
        NewStateReason: "why",
        StateChangeTime: at(1),
      });
      const { incident } = await toldRecord(cloud, topic, alarm);
      const [told] = await cloud.heard(topic);
      await eventually("both have it", async () => slack.taken.length === 1 && pagerDuty.taken.length === 1);
      expect(pagerDuty.taken[0]?.body).toEqual({
        routing_key: "value of /rollcall/relay/pagerduty/operations",
        event_action: "trigger",
        dedup_key: alarm,
        client: "Rollcall",
        payload: {
          summary: "CRITICAL: relay task-mcp page (L1): task-mcp <!channel> is down & out",
          source: "task-mcp",
          severity: "critical",
          timestamp: "2026-11-21T12:01:00.000Z",
          component: "task-mcp",
          group: "relay",
          class: "page",
          custom_details: {
            text,
            reason: "why",
            level: "L1",
            escalation: "standard",
            alarm,
            drill: false,
            acknowledge: expect.stringContaining("Acknowledging in PagerDuty stops PagerDuty alone"),
          },
        },
        links: [{ href: told?.link, text: "Acknowledge in Rollcall, which stops the next level" }],
      });
      expect(slack.taken[0]?.body).toMatchObject({
        channel: "#mcp-alerts",
        text: "CRITICAL: relay task-mcp page (L1): task-mcp &lt;!channel&gt; is down &amp; out",
        unfurl_links: false,
      });
      const shown = JSON.stringify(slack.taken[0]?.body.blocks);
      expect(shown).toContain("&lt;!channel&gt; is down &amp; out");
      expect(shown).not.toContain("<!channel>");
      expect(shown).toContain(`<${told?.link}|Acknowledge>`);

      await eventually("it waits", async () => (await cloud.incidents.find(incident.id))?.task !== null);
      await cloud.open(told?.link ?? "", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: "name=Ann",
      });
      await eventually(
        "both hear of it",
        async () => slack.taken.length === 2 && pagerDuty.taken.length === 2,
      );
      await cloud.deliver({ AlarmName: alarm, NewStateValue: "OK", StateChangeTime: at(5) });
      await eventually(
        "both hear that it is over",
        async () => slack.taken.length === 3 && pagerDuty.taken.length === 3,
      );
      expect(pagerDuty.taken.slice(1).map(({ body }) => body)).toEqual(
        ["acknowledge", "resolve"].map((event_action) => ({
          routing_key: "value of /rollcall/relay/pagerduty/operations",
          event_action,
          dedup_key: alarm,
        })),
      );
      expect(slack.taken.slice(1).map(({ body }) => body.text)).toEqual([
        "ACKNOWLEDGED by Ann: relay task-mcp page",
        "OVER: relay task-mcp page",
      ]);
      const record = await cloud.incidents.find(incident.id);
      const arrivals = await eventually("each arrival is written down", async () => {
        const found = await cloud.incidents.arrivals(record?.sent[0]?.messageId ?? "");
        return found.size === 2 ? found : undefined;
      });
      expect([...arrivals.keys()].sort()).toEqual(["pagerduty operations", "slack #mcp-alerts"]);
    },
    TIMEOUT,
  );
});

const notice = noticeSchema.parse({
  type: "rollcall.escalation",
  version: 1,
  kind: "told",
  drill: false,
  incident: "0".repeat(32),
  environment: "production",
  server: "task-mcp",
  alarm: "production-task-mcp-page",
  about: "page",
  severity: "critical",
  escalation: "standard",
  level: "L1",
  since: "2026-11-21T12:00:00.000Z",
  at: "2026-11-21T12:00:01.000Z",
  text: "It is down.",
  reason: "why",
  link: `https://${"a".repeat(32)}.lambda-url.ap-southeast-1.on.aws/?incident=${"0".repeat(32)}&level=on-call&expires=1795000000&mac=${"m".repeat(43)}`,
  by: null,
  note: null,
});
const message = JSON.stringify(notice);
const relayPlan: RelayPlan = { environment: "production", targets: { [topic]: [...targets] } };

test("one target that fails keeps no other from being told, and a repeated delivery tells only the one that failed", async () => {
  const arrived = new Map<string, string>();
  const tried: string[] = [];
  let slackIsDown = true;
  const input = {
    plan: relayPlan,
    incidents: {
      arrivals: async () => arrived,
      addArrival: async (_: string, { target, at }: { target: string; at: string }) =>
        void arrived.set(target, at),
    },
    tell: async ({ channel }: { channel: string }) => {
      tried.push(channel);
      if (channel === "slack" && slackIsDown) throw new Error("it answered 503");
    },
    now: () => 0,
  };
  const delivery = { messageId: "1", topic, message };
  await expect(relay(delivery, input)).rejects.toThrow("not delivered to slack #mcp-alerts: it answered 503");
  expect([...arrived.keys()]).toEqual(["pagerduty operations"]);
  slackIsDown = false;
  await relay(delivery, input);
  await relay(delivery, input);
  expect(tried).toEqual(["slack", "pagerduty", "slack"]);
});

test("an API that is busy is asked again when it says, one that refuses is not", async () => {
  const pauses: number[] = [];
  const post = (answers: Response[]) =>
    postJson(
      async () => answers.shift() ?? Response.error(),
      async (ms) => pauses.push(ms),
    );
  const busy = (seconds: string) => new Response("", { status: 429, headers: { "retry-after": seconds } });
  const asked = { url: "http://127.0.0.1/", body: {} };
  const answered = await post([busy("2"), new Response("", { status: 503 }), Response.json({ ok: true })])(
    asked,
  );
  expect([answered, pauses]).toEqual([{ status: 200, body: { ok: true } }, [2_000, 1_000]]);
  await expect(post([new Response("", { status: 400 }), Response.json({})])(asked)).rejects.toThrow(
    "it answered 400",
  );
  await expect(post([busy("9999"), busy("0"), busy("0"), Response.json({})])(asked)).rejects.toThrow(
    "it answered 429",
  );
  expect(pauses.slice(2)).toEqual([10_000, 0]);
});

test("an alarm that speaks without the escalation is understood as CloudWatch says it", () => {
  const change = {
    AlarmName: "production-fleet-delivery",
    AlarmDescription: "Nobody is told.",
    NewStateReason: "r",
    StateChangeTime: "2026-11-21T12:00:00.000+0000",
  };
  const read_ = (state: string) =>
    readNotice(JSON.stringify({ ...change, NewStateValue: state }), { environment: "production", topic });
  expect(read_("ALARM")).toMatchObject({
    kind: "told",
    alarm: change.AlarmName,
    text: "Nobody is told.",
    link: null,
    severity: "critical",
  });
  expect(read_("OK")).toMatchObject({ kind: "over" });
  expect(dedupKey(read_("ALARM"))).toBe(dedupKey(read_("OK")));
  expect(() => readNotice("{}", { environment: "production", topic })).toThrow(
    "neither a notice nor a change of an alarm",
  );
});

test("a text message has at most 140 characters of ASCII and the link, in two parts; a subject has 100", () => {
  const long = { ...notice, drill: true, server: `sérver-${"x".repeat(200)}` };
  for (const one of [notice, long]) {
    const { subject, message: text } = topicMessage(one);
    const { sms = "", email, https = "" } = asRecord(JSON.parse(text)) as Record<string, string | undefined>;
    const [words = "", link] = sms.split("\n");
    expect(link).toBe(one.link);
    expect(words.length).toBeLessThanOrEqual(140);
    expect(sms.length).toBeLessThanOrEqual(306);
    expect(sms.replace("\n", "")).toMatch(/^[\x20-\x7e]*$/);
    expect(subject.length).toBeLessThanOrEqual(100);
    expect(subject).toMatch(/^[\x20-\x7e]*$/);
    expect(email).toContain(one.link);
    expect(noticeSchema.parse(JSON.parse(https))).toEqual(one);
  }
});

test("every message of a drill says so first, on every channel", () => {
  for (const kind of ["told", "acknowledged", "over"] as const) {
    const drill = { ...notice, kind, drill: true, link: kind === "told" ? notice.link : null };
    const { subject, message: text } = topicMessage(drill);
    const { sms, email, default: short } = asRecord(JSON.parse(text)) as Record<string, string>;
    for (const said of [subject, sms, email, short]) expect(said).toMatch(/^\[DRILL\] /);
    expect(slackMessage(drill)).toMatchObject({ text: expect.stringMatching(/^\[DRILL\] /) });
    expect(email).toContain("This is a drill: nothing is wrong.");
  }
});
