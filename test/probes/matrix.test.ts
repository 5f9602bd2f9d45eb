import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { McpReading } from "../../probes/result.ts";
import type { McpTarget } from "../../probes/target.ts";
import type { LocalServer } from "../support/faulty.ts";
import { judge } from "../support/judge.ts";
import { modernOverStdio, OLDER_VERSIONS, sseOf, streamableOf } from "../support/sdk-servers.ts";
import { everythingOverHttp, modernServer, over, stdioServer } from "../support/servers.ts";

/**
 * Every transport and every revision of the protocol that real servers speak is healthy, and named for what it is.
 * server-memory, -filesystem and -sequential-thinking speak stdio only; behind a gateway it is the gateway that
 * would be proved, so over HTTP they are not in the list.
 */

const TIMEOUT_MS = 20_000;
/** The day on which a legacy server's clients may leave it. */
const A_DAY = expect.stringMatching(/^\d{4}-\d\d-\d\d/);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollcall-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function expectHealthy(mcp: McpTarget, expected: Partial<McpReading>): Promise<void> {
  const reading = await judge({ mcp, timeoutMs: TIMEOUT_MS });
  expect(reading.mcp).toMatchObject({ outcome: "ok", failureClass: null, detail: "", ...expected });
}

const legacy = { era: "legacy", supportedUntil: A_DAY } as const;
const modern = { era: "modern", protocolVersion: "2026-07-28", supportedUntil: null, tools: 2 } as const;
const sseAt = (url: string): McpTarget => ({ transport: "sse", url });

describe("the reference servers", () => {
  const overStdio = { ...legacy, transport: "stdio", protocolVersion: "2025-11-25" } as const;
  it.each<[string, number]>([
    ["everything", 13],
    ["memory", 9],
    ["filesystem", 14],
    ["sequential-thinking", 1],
  ])("server-%s is healthy over stdio, with its %i tools", async (name, tools) => {
    const env = { MEMORY_FILE_PATH: join(folder, "memory.json") };
    const args = name === "filesystem" ? [folder] : [];
    await expectHealthy(stdioServer(name, { args, env }), { ...overStdio, tools });
  });

  it("server-everything is healthy over Streamable HTTP", async () => {
    await using server = await everythingOverHttp();
    await expectHealthy(over(server.url), {
      ...legacy,
      transport: "streamable-http",
      protocolVersion: "2025-11-25",
      tools: 13,
    });
  });

  it("server-everything is healthy over HTTP+SSE, named so in the catalog or found out", async () => {
    await using server = await everythingOverHttp("sse");
    const expected = { ...legacy, transport: "sse", tools: 13 } as const;
    await expectHealthy(sseAt(server.url), expected);
    await expectHealthy(over(server.url), expected);
  });
});

describe("servers on the SDK's second major version", () => {
  it.each(["reject", "stateless"] as const)(
    "are modern over HTTP, whatever older clients get: %s",
    async (older) => {
      await using server = await modernServer(older);
      await expectHealthy(over(server.url), { ...modern, transport: "streamable-http" });
    },
  );

  it.each(["reject", "serve"] as const)(
    "are modern over stdio, whatever older clients get: %s",
    async (older) => {
      await expectHealthy(modernOverStdio(older), { ...modern, transport: "stdio" });
    },
  );
});

describe("servers on the SDK's first major version", () => {
  const kinds = OLDER_VERSIONS.flatMap((version) =>
    [true, false].flatMap((sessions) => [true, false].map((json) => ({ version, sessions, json }))),
  );
  it.each(kinds)("$version over Streamable HTTP, sessions $sessions, JSON $json", async (kind) => {
    await using server = await streamableOf(kind);
    const { version } = kind;
    const expected = { ...legacy, transport: "streamable-http", protocolVersion: version, tools: 3 } as const;
    await expectHealthy(over(server.url), expected);
    expect(server.openSessions()).toBe(0);
    // what the modern question says of itself is no word about the session
    const spoken = new Set(server.versions.filter((one) => one !== "2026-07-28"));
    if (version >= "2025-06-18") expect([...spoken]).toEqual([version]);
  });

  it.each(OLDER_VERSIONS)("%s over HTTP+SSE", async (version) => {
    await using server: LocalServer = await sseOf(version);
    const expected = { ...legacy, transport: "sse", protocolVersion: version, tools: 3 } as const;
    await expectHealthy(sseAt(server.url), expected);
    await expectHealthy(over(server.url), expected);
  });
});
