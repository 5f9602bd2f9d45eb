import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { check } from "../../probes/check.ts";
import { createHttpPool } from "../../probes/http/pool.ts";
import { initialized, readMessage, serve, tool, withId } from "../support/faulty.ts";
import { below, damaged, misvalued, pick, type Random, randomOf } from "../support/fuzz.ts";
import { expectValid, GRACE_MS } from "../support/judge.ts";
import { over, target } from "../support/servers.ts";

/**
 * Right answers with seeded damage to their bytes. Not proved here: that the class fits the damage, which has no
 * other judge than the probe; only that nothing breaks, nothing hangs, and no unreadable answer passes for healthy.
 */

/** Each damages two answers, one of either path, but for the controls: 10,000 in all. */
const CHECKS = 5_300;
const AT_ONCE = 16;
const TIMEOUT_MS = 2_000;
/** Every so many checks one is left undamaged: connections that others broke must not break it. */
const CONTROL = 20;
const SEED = Number(process.env.ROLLCALL_FUZZ_SEED ?? Date.now() % 2 ** 31);

interface Plan {
  /** The method whose answer is damaged; null for none. */
  readonly method: string | null;
  readonly era: "modern" | "legacy";
  readonly stream: boolean;
  readonly chunked: boolean;
  /** What is damaged: the body or its values within right headers, the status, the headers, or all bytes. */
  readonly where: "body" | "values" | "status" | "head" | "all";
  readonly random: Random;
}

/** A damaged answer as it was sent. */
interface Sent {
  readonly plan: Plan;
  readonly body: Buffer;
}

it("10,000 damaged answers break nothing, hold nothing up, and no unreadable one is healthy", {
  timeout: 180_000,
}, async () => {
  const plans = new Map<string, Plan>();
  const sent = new Map<string, Sent>();
  await using server = await serve(async (request, response) => {
    const [, path = "", key = ""] = (request.url ?? "").split("/");
    const plan = plans.get(key);
    const { socket } = request;
    if (plan === undefined || path === "elsewhere") return response.writeHead(404).end();
    const asked = await askedOf(request, path);
    const body = Buffer.from(answerTo(asked, plan));
    if (asked.method === plan.method || (path === "health" && plan.method !== null)) {
      const hurt = hurtBytes(body, asked, plan);
      if (asked.method === "tools/list") sent.set(key, { plan, body: hurt.body });
      return hurt.ends ? socket.end(hurt.bytes) : socket.write(hurt.bytes);
    }
    return socket.write(framed(body, asked, plan));
  });
  const pool = createHttpPool();
  const counts = { healthy: 0, checks: 0 };

  const one = async (index: number): Promise<void> => {
    const key = String(index);
    plans.set(key, planOf(index));
    const subject = target({
      mcp: over(`${server.origin}/mcp/${key}`),
      rest: { url: `${server.origin}/health/${key}` },
      timeoutMs: TIMEOUT_MS,
    });
    const began = performance.now();
    const { result } = await check(subject, { allowLoopback: true, pool });
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + GRACE_MS);
    expectValid(result);
    if (index % CONTROL === 0) expect(result).toMatchObject({ status: "healthy", mcp: { tools: 2 } });
    const answer = sent.get(key);
    if (result.mcp.outcome === "ok" && answer !== undefined) expectReadable(answer, result.mcp.tools);
    counts.checks += 1;
    if (result.status === "healthy") counts.healthy += 1;
    plans.delete(key);
    sent.delete(key);
  };

  const queue = Array.from({ length: CHECKS }, (_, index) => index);
  const worker = async (): Promise<void> => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      try {
        await one(index);
      } catch (error) {
        queue.length = 0;
        throw new Error(`check ${index} of ROLLCALL_FUZZ_SEED=${SEED}: ${String(error)}`, { cause: error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  pool.close();
  expect(counts.checks).toBe(CHECKS);
  // some damage is harmless and most is not: otherwise nothing was damaged, or nothing was right before
  expect(counts.healthy).toBeGreaterThan(CHECKS / CONTROL);
  expect(counts.healthy).toBeLessThan(CHECKS / 2);
});

function planOf(index: number): Plan {
  const random = randomOf(SEED + index);
  const era = pick<Plan["era"]>(["modern", "legacy"], random);
  const methods =
    era === "modern" ? (["server/discover", "tools/list"] as const) : (["initialize", "tools/list"] as const);
  const method = index % CONTROL === 0 ? null : pick(methods, random);
  return {
    method,
    era,
    stream: random() < 0.4,
    chunked: random() < 0.3,
    where: pick(["body", "values", "values", "status", "head", "all"], random),
    random,
  };
}

interface Asked {
  readonly method: string;
  readonly id: string | undefined;
}

async function askedOf(request: IncomingMessage, path: string): Promise<Asked> {
  if (path === "health") return { method: "health", id: undefined };
  const message = await readMessage(request);
  return { method: message?.method ?? "", id: message?.id };
}

/** The body of the right answer; of the wrong generation it is an error that says so. */
function answerTo({ method, id }: Asked, { era, stream }: Plan): string {
  if (method === "health") return '{"status":"UP","components":{"db":{"status":"UP"}},"uptime":12.5}';
  if (id === undefined) return "";
  const known: Record<string, object> = era === "modern" ? MODERN : LEGACY;
  const answer = known[method] ?? { error: { code: -32601, message: "Method not found" } };
  const text = withId(`{"jsonrpc":"2.0","id":$ID,${JSON.stringify(answer).slice(1)}`, id);
  return stream ? `: hello\nid: 7\nevent: message\ndata: ${text}\n\n` : text;
}

function headOf(body: Buffer, { method, id }: Asked, { stream, chunked }: Plan): string {
  const type = stream && method !== "health" ? "text/event-stream" : "application/json";
  const status = method !== "health" && id === undefined ? "202 Accepted" : "200 OK";
  const length = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nCache-Control: no-store\r\n${length}\r\n\r\n`;
}

function framed(body: Buffer, asked: Asked, plan: Plan): Buffer {
  return Buffer.concat([Buffer.from(headOf(body, asked, plan)), ...inChunks(body, plan)]);
}

function inChunks(body: Buffer, { chunked, random }: Plan): Buffer[] {
  if (!chunked) return [body];
  const at = below(body.length + 1, random);
  const parts = [body.subarray(0, at), body.subarray(at)].filter(({ length }) => length > 0);
  const lines = parts.flatMap((part) => [
    Buffer.from(`${part.length.toString(16)}\r\n`),
    part,
    Buffer.from("\r\n"),
  ]);
  return [...lines, Buffer.from("0\r\n\r\n")];
}

function hurtBytes(body: Buffer, asked: Asked, plan: Plan): { bytes: Buffer; body: Buffer; ends: boolean } {
  const { where, random } = plan;
  if (where === "body" || where === "values") {
    const hurt = where === "body" ? damaged(body, random) : Buffer.from(misvalued(body.toString(), random));
    return { bytes: framed(hurt, asked, plan), body: hurt, ends: false };
  }
  const right = headOf(body, asked, plan);
  const chunks = inChunks(body, plan);
  if (where === "status") {
    const other = Buffer.from(right.replace("200", String(100 + below(500, random))));
    return { bytes: Buffer.concat([other, ...chunks]), body, ends: true };
  }
  const head = Buffer.from(right);
  const bytes =
    where === "head"
      ? Buffer.concat([damaged(head, random), ...chunks])
      : damaged(Buffer.concat([head, ...chunks]), random);
  return { bytes, body, ends: true };
}

/** A list that passed for right must be one that any other reader of UTF-8 and JSON reads the same way. */
function expectReadable({ plan, body }: Sent, tools: number | null): void {
  if ((plan.where !== "body" && plan.where !== "values") || plan.stream) return;
  const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  const { result } = JSON.parse(text) as { result: { tools: unknown[]; nextCursor?: unknown } };
  if (result.nextCursor === undefined) expect(tools).toBe(result.tools.length);
}

const TOOLS = [
  tool("one"),
  { ...tool("two"), description: "Zähle bis zwei", annotations: { readOnlyHint: true } },
];
const LEGACY = { initialize: initialized({ tools: {} }), "tools/list": { result: { tools: TOOLS } } };
const MODERN = {
  "server/discover": {
    result: {
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: "public",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "fuzz", version: "1" } },
    },
  },
  "tools/list": { result: { resultType: "complete", ttlMs: 0, cacheScope: "public", tools: TOOLS } },
};
