import { describe, expect, it } from "vitest";
import { check } from "../../probes/check.ts";
import type { FailureClass } from "../../probes/result.ts";
import type { McpTarget } from "../../probes/target.ts";
import {
  body,
  bomb,
  cutOff,
  drip,
  endless,
  initialized,
  type LocalServer,
  redirectLoop,
  redirectTo,
  rpc,
  silent,
  status,
  tool,
  untrusted,
} from "../support/faulty.ts";
import { over, scripted, target } from "../support/servers.ts";

/** Each way to be broken has one class, and none can hold a check longer than its timeout and two seconds. */

const TIMEOUT_MS = 1_000;
const challenge = { "www-authenticate": 'Bearer resource_metadata="http://127.0.0.1:9/.well-known/x"' };

const refusal = { error: { code: -32603, message: "out of order" } };
const NO_NEWLINE = `const block = "x".repeat(1 << 16);
  const more = () => { while (process.stdout.write(block)); };
  process.stdout.on("drain", more); more();`;

async function classOf(mcp: McpTarget, allowLoopback = true): Promise<FailureClass | null> {
  const began = performance.now();
  const { result } = await check(target({ mcp, timeoutMs: TIMEOUT_MS }), { allowLoopback });
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 2_000);
  expect(result.mcp).toMatchObject({ outcome: "fail", tools: null });
  expect(result.mcp.detail).not.toBe("");
  return result.mcp.failureClass;
}

describe("over HTTP", () => {
  const cases: [string, () => Promise<LocalServer>, FailureClass][] = [
    ["never answers", silent, "timeout"],
    ["drips a body that never ends", drip, "timeout"],
    ["401 without a challenge", () => status(401), "auth"],
    ["401 with a challenge", () => status(401, challenge), "auth"],
    ["403", () => status(403), "auth"],
    ["404", () => status(404), "http"],
    ["500", () => status(500), "http"],
    ["a redirect loop", redirectLoop, "http"],
    ["a redirect to another origin", () => redirectTo("http://127.0.0.1:9/mcp"), "http"],
    ["a redirect to another scheme", () => redirectTo("file:///etc/passwd"), "http"],
    ["an HTML page with status 200", () => body("<html>", "text/html"), "protocol"],
    ["truncated JSON", () => body('{"jsonrpc":"2.0","id":'), "protocol"],
    ["JSON that is no JSON-RPC", () => body('{"hello":"world"}'), "protocol"],
    ["a body that never ends", endless, "protocol"],
    ["a decompression bomb", bomb, "protocol"],
    ["a connection cut inside the body", cutOff, "connect"],
    ["a certificate nobody vouches for", untrusted, "tls"],
    ["a JSON-RPC error to initialize", () => rpc({ initialize: () => refusal }), "rpc"],
    ["a JSON-RPC error to tools/list", () => rpc({ "tools/list": () => refusal }), "rpc"],
    ["no tools capability", () => rpc({ initialize: () => initialized({ prompts: {} }) }), "capability"],
    ["a tools/list without tools", () => rpc({ "tools/list": () => ({ result: {} }) }), "protocol"],
    ["a cursor that repeats", () => rpc({ "tools/list": () => page("again") }), "protocol"],
    ["pages without end", () => rpc({ "tools/list": () => page(crypto.randomUUID()) }), "protocol"],
  ];
  it.each(cases)("%s", async (_, start, expected) => {
    await using server = await start();
    expect(await classOf(over(server.url))).toBe(expected);
  });

  it.each<[string, string, FailureClass]>([
    ["a refused port", "http://127.0.0.1:9/mcp", "connect"],
    ["a name that does not resolve", "http://rollcall-test.invalid/mcp", "dns"],
    ["an address that is none", "not an address", "connect"],
    ["another scheme", "file:///etc/passwd", "connect"],
    ["credentials in the address", "http://user:hunter2@127.0.0.1:9/mcp", "auth"],
    ["a private address", "http://10.255.255.1/mcp", "connect"],
    ["a link-local address", "http://169.254.169.254/latest/meta-data", "connect"],
    ["a private address in IPv6 clothes", "http://[::ffff:10.0.0.1]/mcp", "connect"],
  ])("%s", async (_, url, expected) => {
    expect(await classOf(over(url))).toBe(expected);
  });

  it("this machine is out of reach unless the caller opens it", async () => {
    await using server = await rpc({ "tools/list": () => page() });
    expect(await classOf(over(server.url), false)).toBe("connect");
    const named = server.url.replace("127.0.0.1", "localhost");
    expect(await classOf(over(named), false)).toBe("connect");
  });
});

describe("over stdio", () => {
  it.each<[string, McpTarget, FailureClass]>([
    ["a command that does not exist", { ...scripted(""), command: "rollcall-none" } as McpTarget, "connect"],
    ["a child that ends at once", scripted("process.exit(3)"), "connect"],
    ["a child that says nothing", scripted("setInterval(() => {}, 1000)"), "timeout"],
    ["a child that only logs to stdout", scripted('setInterval(() => console.log("hm"), 5)'), "timeout"],
    ["a line that never ends", scripted(NO_NEWLINE), "protocol"],
  ])("%s", async (_, mcp, expected) => {
    expect(await classOf(mcp)).toBe(expected);
  });
});

describe("over REST", () => {
  it.each<[string, () => Promise<LocalServer>, FailureClass]>([
    ["never answers", silent, "timeout"],
    ["drips", drip, "timeout"],
    ["a body that never ends", endless, "protocol"],
    ["a redirect loop", redirectLoop, "http"],
    ["a certificate nobody vouches for", untrusted, "tls"],
  ])("%s", async (_, start, expected) => {
    await using server = await start();
    const began = performance.now();
    const subject = target({ rest: { url: server.health }, timeoutMs: TIMEOUT_MS });
    const { result } = await check(subject, { allowLoopback: true });
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 2_000);
    expect(result.rest).toMatchObject({ outcome: "fail", failureClass: expected });
  });
});

function page(nextCursor?: string): { result: object } {
  return { result: { tools: [tool("a")], ...(nextCursor === undefined ? {} : { nextCursor }) } };
}
