import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { check, openSessionFor } from "../../probes/check.ts";
import { hostSecrets, type SecretSource } from "../../probes/secrets/source.ts";
import { modern } from "../support/faulty.ts";
import { over, scripted, target } from "../support/servers.ts";

/** What waits for our own secrets, or repeats them, is bounded and masked like everything else. */

const never = (): Promise<string> => new Promise(() => undefined);
const TIMEOUT_MS = 800;
const GRACE_MS = 2_000;

async function timed<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const value = await work;
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + GRACE_MS);
  return value;
}

describe("a secret store that never answers", () => {
  const secrets: SecretSource = { ...hostSecrets, file: never };

  it("is our own trouble, of class auth, and no outage of a server that nobody could ask", async () => {
    await using server = await modern();
    const credentials = { kind: "bearer", token: { file: "/run/secrets/token" } } as const;
    const subject = target({ mcp: over(server.url), credentials, timeoutMs: TIMEOUT_MS });
    const { result } = await timed(check(subject, { allowLoopback: true, secrets }));
    expect(result).toMatchObject({ status: "degraded", mcp: { outcome: "fail", failureClass: "auth" } });
    expect(result.credentialExpiresAt).toBeNull();
  });

  it("is the same when a certificate of ours is in it", async () => {
    await using server = await modern();
    const tls = { ca: { file: "/run/secrets/ca.pem" } };
    const subject = target({ mcp: over(server.url), tls, timeoutMs: TIMEOUT_MS });
    const { result } = await timed(check(subject, { allowLoopback: true, secrets }));
    expect(result).toMatchObject({ status: "degraded", mcp: { failureClass: "auth" } });
    expect(result.mcp.detail).toContain("certificates");
  });
});

describe("a kept session", () => {
  it("masks the secrets that its process was given, long after it was opened", async () => {
    const secrets: SecretSource = { ...hostSecrets, variable: () => "correct-horse-battery" };
    const script = `
      const say = (message) => console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
      require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { id, method } = JSON.parse(line);
        if (method === "initialize") {
          say({ id, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "n", version: "1" } } });
        } else if (id !== undefined) {
          say({ id, error: { code: -32603, message: "upstream refused " + process.env.TOKEN } });
        }
      });`;
    const mcp = { ...scripted(""), args: ["-e", script], env: { TOKEN: { env: "TOKEN" } } } as ReturnType<
      typeof scripted
    >;
    const subject = target({ mcp, timeoutMs: 10_000 });
    const session = await openSessionFor(subject, AbortSignal.timeout(10_000), { secrets });
    const acquire = async () => ({ session, release: () => Promise.resolve() });
    const { result } = await check(subject, { secrets, acquire });
    await session.close();
    expect(result.mcp).toMatchObject({ outcome: "fail", failureClass: "rpc" });
    expect(result.mcp.detail).toContain("upstream refused ***");
    expect(JSON.stringify(result)).not.toContain("correct-horse");
  });
});

describe("a server that accepts and says nothing", () => {
  it("costs no more than the timeout and two seconds, whatever it leaves open", async () => {
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const subject = target({ mcp: over(`http://127.0.0.1:${port}/mcp`), timeoutMs: TIMEOUT_MS });
    const { result } = await timed(check(subject, { allowLoopback: true }));
    expect(result.mcp.failureClass).toBe("timeout");
    server.close();
  });
});
