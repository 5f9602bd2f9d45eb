import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fileSink, type Message, type Sink, sendToAll, webhookSink } from "../../monitor/messages.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-messages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const message: Message = {
  type: "message",
  at: "2026-11-21T12:00:00.000Z",
  kind: "alarm",
  environment: "local",
  server: "memory",
  incident: "local-memory-page@2026-11-21T12:00:00.000Z",
  alarm: "local-memory-page",
  severity: "critical",
  level: "L1",
  to: ["email somebody@example.com"],
  because: [],
  text: "It is down.\nFirst: look.",
  runbook: "docs/runbooks/server-down.md",
  elapsedMs: 0,
};

test("a file gets one line a message", async () => {
  const file = join(folder, "messages.ndjson");
  await fileSink(file).send(message);
  await fileSink(file).send(message);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([message, message]);
});

test("a sink that fails is reported, and every other one is told all the same", async () => {
  const told: string[] = [];
  const problems: string[] = [];
  const good: Sink = {
    name: "good",
    send: ({ level }) => {
      told.push(level);
      return Promise.resolve();
    },
  };
  const missing = join(folder, "no-such-folder", "messages.ndjson");
  const refusing = webhookSink("http://127.0.0.1:9/", () =>
    Promise.resolve(new Response("", { status: 500 })),
  );
  await sendToAll([fileSink(missing), refusing, good], message, (problem) => problems.push(problem));
  expect(told).toEqual(["L1"]);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toContain("did not take the message (ENOENT");
  expect(problems[1]).toBe("webhook did not take the message (it answered 500)");
});

test("a webhook is posted JSON and is not followed elsewhere", async () => {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  const sink = webhookSink("http://127.0.0.1:9/hook", (url, init) => {
    asked.push({ url: String(url), init });
    return Promise.resolve(new Response());
  });
  await sink.send(message);
  expect(asked).toMatchObject([
    {
      url: "http://127.0.0.1:9/hook",
      init: { method: "POST", redirect: "error", body: JSON.stringify(message) },
    },
  ]);
});
