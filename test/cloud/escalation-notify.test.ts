/**
 * What the notifier does while something that it uses is broken, hangs or is older than it expects. That it tells people
 * through the real parts is proved on the emulator (escalation.test.ts).
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import type { Incident, IncidentRecord, Sent } from "../../cloud/escalation/incident.ts";
import { dynamoIncidents, type Incidents } from "../../cloud/escalation/incidents.ts";
import { signByKey, verifyByKey } from "../../cloud/escalation/link.ts";
import { mutedByRule } from "../../cloud/escalation/mutes.ts";
import type { Notice } from "../../cloud/escalation/notice.ts";
import { type NotifierInput, notifierEvent, notify, publishTo } from "../../cloud/escalation/notify.ts";
import { startMachine } from "../../cloud/escalation/start.ts";
import { wakeByToken } from "../../cloud/escalation/wake.ts";
import { bundleProgram } from "../../probes/runners/bundle.ts";
import { ROOT } from "../support/cli.ts";

const AT = "2026-11-21T12:00:00.000Z";
const incident: Incident = {
  id: "0".repeat(32),
  environment: "test",
  alarm: "test-library-page",
  server: "library",
  kind: "page",
  severity: "critical",
  escalation: "standard",
  escalates: true,
  text: "It is down. First: look.",
  reason: "two of five checks failed",
  at: AT,
  drill: false,
  fast: false,
};
const placeOf = (level: string) => ({ level, topic: `test-standard-${level}` });
const tell = (level: string, more: object = {}) =>
  notifierEvent.parse({ act: "tell", incident, ...placeOf(level), ...more });
const record = (more: Partial<IncidentRecord>): IncidentRecord => ({
  incident,
  sent: [],
  acknowledged: null,
  recovered: null,
  superseded: null,
  heard: [],
  task: null,
  ...more,
});
const sentTo = (kind: Sent["kind"], level: string): Sent => ({
  ...placeOf(level),
  kind,
  messageId: `${kind} ${level}`,
  at: AT,
});

const away = () => Promise.reject(new Error("it is away"));

/** A notifier whose collaborators work, besides those that are given. */
function notifier(
  given: {
    readonly find?: Incidents["find"];
    readonly addSent?: Incidents["addSent"];
  } & Partial<NotifierInput>,
) {
  const published: { readonly topic: string; readonly notice: Notice }[] = [];
  const written: string[] = [];
  const lines: object[] = [];
  const { find = async () => record({}), addSent, ...rest } = given;
  const incidents = {
    find,
    addSent: addSent ?? (async (_id, { kind, level }) => void written.push(`${kind} ${level}`)),
  } as Incidents;
  const input: NotifierInput = {
    incidents,
    publish: async (topic, { message }) => {
      published.push({ topic, notice: JSON.parse(JSON.parse(message).lambda) });
      return "id";
    },
    isMuted: async () => false,
    sign: async () => new Uint8Array(32),
    door: "https://door.example.com/",
    now: () => Date.parse(AT),
    tell: (line) => lines.push(line),
    ...rest,
  };
  return { input, published, written, lines };
}

/** Publishes to all topics but these. */
const without =
  (levels: readonly string[], heard: string[] = []): NotifierInput["publish"] =>
  async (topic) => {
    if (levels.some((level) => topic === placeOf(level).topic)) throw new Error("no such topic");
    heard.push(topic);
    return "id";
  };

describe("telling a level", () => {
  test("without the table it is told by what the machine says, with its link, and once", async () => {
    const { input, published, lines } = notifier({ find: away, addSent: away });
    expect(await notify(tell("L1"), input)).toEqual({ kind: "told", told: [placeOf("L1")] });
    expect(published.map(({ topic }) => topic)).toEqual(["test-standard-L1"]);
    expect(published[0]?.notice).toMatchObject({
      text: incident.text,
      link: expect.stringContaining("mac="),
    });
    expect(lines).toMatchObject([{ event: "incident unknown" }, { event: "not written down" }]);
  });

  test("without the key it is told without a link, and told what to do instead", async () => {
    const { input, published } = notifier({ sign: away });
    expect(await notify(tell("L1"), input)).toMatchObject({ kind: "told" });
    expect(published[0]?.notice.link).toBeNull();
    expect(published[0]?.notice.text).toMatch(
      /^It is down\. First: look\. This message has no link .*rollcall mute/,
    );
  });

  test("those before it that were missed are told with it, and nobody twice", async () => {
    const { input, published, written } = notifier({
      find: async () => record({ sent: [sentTo("told", "L2")] }),
    });
    const event = tell("L4", {
      missed: [placeOf("L1"), placeOf("L2"), placeOf("L3")],
      told: [placeOf("L3")],
    });
    const { kind, ...answer } = await notify(event, input);
    expect([kind, published.map(({ topic }) => topic)]).toEqual([
      "told",
      ["test-standard-L1", "test-standard-L4"],
    ]);
    expect(answer).toEqual({ told: ["L3", "L2", "L1", "L4"].map(placeOf) });
    expect(written).toEqual(["told L1", "told L4"]);
  });

  test("a level that cannot be told keeps no other from it; where none can be, the call fails", async () => {
    const some = notifier({ publish: without(["L2"]) });
    const event = tell("L2", { missed: [placeOf("L1")] });
    expect(await notify(event, some.input)).toEqual({ kind: "told", told: [placeOf("L1")] });
    expect(some.lines).toMatchObject([
      { event: "not told", kind: "told", level: "L2", reason: "no such topic" },
    ]);
    const none = notifier({ publish: without(["L1", "L2"]) });
    await expect(notify(event, none.input)).rejects.toThrow("2 of 2 levels could not be told");
  });

  test("a mute that cannot be looked up does not hold it up: doubt tells", async () => {
    const { input } = notifier({ isMuted: mutedByRule(() => undefined, await hanging()) });
    expect(await notify(tell("L1"), input)).toMatchObject({ kind: "told" });
  });
});

describe("telling what became of it", () => {
  test("everybody hears it whom the table, the machine or the incident before knows to have been told", async () => {
    const known = record({ sent: [sentTo("told", "L1")], heard: [placeOf("L3")] });
    const { input, published } = notifier({ find: async () => known });
    await notify(notifierEvent.parse({ act: "over", incident, told: [placeOf("L2")] }), input);
    expect(new Set(published.map(({ topic }) => topic))).toEqual(
      new Set(["L1", "L2", "L3"].map((one) => placeOf(one).topic)),
    );
  });

  test("one who cannot be told fails the call, after all others have been", async () => {
    const heard: string[] = [];
    const { input, written } = notifier({ publish: without(["L1"], heard) });
    const event = notifierEvent.parse({ act: "over", incident, told: ["L1", "L2"].map(placeOf) });
    await expect(notify(event, input)).rejects.toThrow("1 of 2 levels could not be told");
    expect([heard, written]).toEqual([["test-standard-L2"], ["over L2"]]);
  });

  test("of an incident whose place another has taken nobody hears that it is over", async () => {
    const replaced = record({ sent: [sentTo("told", "L1")], recovered: AT, superseded: "1".repeat(32) });
    const { input, published } = notifier({ find: async () => replaced });
    expect(
      await notify(notifierEvent.parse({ act: "over", incident, told: [placeOf("L1")] }), input),
    ).toEqual({
      kind: "over",
    });
    expect(published).toEqual([]);
  });
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The settings of a client whose service takes every request and answers none. */
async function hanging() {
  const endpoint = await serve(() => undefined);
  const credentials = { accessKeyId: "x", secretAccessKey: "x" };
  return { endpoint, region: "eu-west-1", credentials, maxAttempts: 1 };
}

test("no call of AWS outlasts its seconds, whatever hangs", async () => {
  const client = await hanging();
  const incidents = dynamoIncidents({ table: "incidents", keepDays: 30, client });
  const calls = {
    table: incidents.find(incident.id),
    topic: publishTo("arn:aws:sns:eu-west-1:123456789012:", client)("topic", { subject: "s", message: "{}" }),
    sign: signByKey("key", client)("text"),
    verify: verifyByKey("key", client)("text", new Uint8Array(32)),
    start: startMachine("arn:aws:states:eu-west-1:123456789012:stateMachine:m", client)(incident),
    wake: wakeByToken(client)("token", { kind: "recovered" }),
  };
  const began = Date.now();
  const outcomes = await Promise.allSettled(Object.values(calls));
  expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => "rejected"));
  expect(Date.now() - began).toBeLessThan(10_000);
});

const STANDS_FOR_AWS: RequestListener = (request, response) => {
  const target = String(request.headers["x-amz-target"] ?? "");
  if (target.endsWith(".GenerateMac")) response.end(JSON.stringify({ Mac: `${"A".repeat(43)}=` }));
  else if (target !== "") response.end("{}");
  else
    response.end(
      "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>",
    );
};

test("the function loads, and tells, with an SDK that has no mute rules yet", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-notifier-"));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const entry = join(ROOT, "cloud", "escalation", "notifier.ts");
  bundleProgram({ entry, outfile: join(folder, "index.mjs"), sdk: "of the runtime" });
  const sdk = join(folder, "node_modules", "@aws-sdk");
  const old = join(sdk, "client-cloudwatch");
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, "package.json"), '{ "type": "module", "exports": "./index.js" }');
  writeFileSync(join(old, "index.js"), "export class CloudWatchClient {}");
  const installed = join(ROOT, "node_modules", "@aws-sdk");
  for (const name of readdirSync(installed))
    if (name !== "client-cloudwatch") symlinkSync(join(installed, name), join(sdk, name));
  const program = `const { handler } = await import("./index.mjs");
    console.log(JSON.stringify(await handler(${JSON.stringify(tell("L1"))})));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: folder,
    env: {
      AWS_ENDPOINT_URL: await serve(STANDS_FOR_AWS),
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "x",
      AWS_SECRET_ACCESS_KEY: "x",
      ROLLCALL_INCIDENTS: "incidents",
      ROLLCALL_KEEP_DAYS: "30",
      ROLLCALL_TOPICS: "arn:aws:sns:eu-west-1:123456789012:",
      ROLLCALL_LINK_KEY: "key",
      ROLLCALL_DOOR: "https://door.example.com/",
    },
  });
  const [doubt, answer] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(doubt).toMatchObject({ event: "mutes unknown", alarm: incident.alarm });
  expect(answer).toEqual({ kind: "told", told: [placeOf("L1")] });
});
