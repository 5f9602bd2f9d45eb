import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rollcall, twoAtATime } from "../support/cli.ts";
import { asRecord } from "../support/json.ts";
import { type CatalogFolder, catalogFolder } from "../support/running-monitor.ts";

// `rollcall check` as a person or a script calls it, against real servers. What a check makes of every kind of answer
// stands in test/probes/.

const words = (text: string): Set<string> => new Set(text.split(/\s+/));
const KEYS = words(
  "server status finding checkedAt durationMs mcp rest dependencies replicas credentialExpiresAt attempts",
);
const MCP_KEYS = words(
  `outcome failureClass detail era transport protocolVersion supportedUntil serverInfo tools phases certificate
   drift hygiene canary`,
);
const REST_KEYS = words("outcome failureClass detail httpStatus components live ready numbers");

/** Parses the only document on standard output and asserts that each result has the promised keys and no others. */
function resultsIn(stdout: string): Record<string, unknown>[] {
  const parsed: unknown = JSON.parse(stdout);
  const results = (Array.isArray(parsed) ? parsed : [parsed]).map((one) => ({ ...asRecord(one) }));
  for (const result of results) {
    expect(new Set(Object.keys(result))).toEqual(KEYS);
    expect(new Set(Object.keys(asRecord(result.mcp)))).toEqual(MCP_KEYS);
    expect(new Set(Object.keys(asRecord(result.rest)))).toEqual(REST_KEYS);
    expect(new Date(String(result.checkedAt)).toISOString()).toBe(result.checkedAt);
    expect(result.durationMs).toSatisfy(Number.isInteger);
  }
  return results;
}

describe("a check of an address", () => {
  test("where nothing listens is one object: unhealthy, class connect, exit code 2", async () => {
    const [json, table, both] = await twoAtATime(
      [
        ["check", "--url", "http://127.0.0.1:9/mcp", "--format", "json"],
        ["check", "--url", "http://127.0.0.1:9/mcp"],
        [
          "check",
          "--url",
          "http://127.0.0.1:9/mcp",
          "--rest",
          "http://127.0.0.1:9/health",
          "--format",
          "json",
        ],
      ],
      (args) => rollcall(args),
    );
    expect(json).toMatchObject({ code: 2, stderr: "" });
    expect(json?.stdout).toMatch(/^\{.*\}\n$/);
    expect(resultsIn(json?.stdout ?? "")).toMatchObject([
      {
        server: "127.0.0.1:9",
        status: "unhealthy",
        checkedAt: expect.any(String) as unknown,
        durationMs: expect.any(Number) as unknown,
        mcp: {
          outcome: "fail",
          failureClass: "connect",
          era: null,
          protocolVersion: null,
          tools: null,
          detail: expect.stringContaining("127.0.0.1:9") as unknown,
        },
        rest: {
          outcome: "skipped",
          failureClass: null,
          httpStatus: null,
          detail: expect.any(String) as unknown,
        },
      },
    ]);
    expect(table).toMatchObject({ code: 2, stderr: "" });
    expect(table?.stdout).toMatch(/^ {2}127\.0\.0\.1:9 {2}unhealthy {2}mcp ✗ {2}rest – .*mcp connect: /);
    expect(both).toMatchObject({ code: 2, stderr: "" });
    const [result] = resultsIn(both?.stdout ?? "");
    expect(result?.rest).toMatchObject({ outcome: "fail", failureClass: "connect" });
  });
});

describe("a check of the catalog's servers", () => {
  let catalog: CatalogFolder;
  beforeAll(async () => {
    catalog = await catalogFolder();
  });
  afterAll(() => catalog.remove());

  test("[PLAY-01] those of the Playbook that need no credentials really run here, and answer", async () => {
    const { code, stdout, stderr } = await rollcall(["check", "--all", "--format", "json"], {
      cwd: catalog.folder,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const results = resultsIn(stdout);
    expect(results.map(({ server, status }) => `${String(server)} ${String(status)}`)).toEqual([
      "everything healthy",
      "filesystem healthy",
      "memory healthy",
      "sequential-thinking healthy",
    ]);
    for (const { mcp } of results) {
      expect(asRecord(mcp)).toMatchObject({ outcome: "ok", failureClass: null });
      expect(asRecord(mcp).tools).toSatisfy((tools: number) => tools >= 1);
    }
  });

  test("prints one as an object, several as a list, and a table with a line a server", async () => {
    const [one, two, table, all] = await twoAtATime(
      [
        ["check", "memory", "--format", "json"],
        ["check", "memory", "filesystem", "--format", "json"],
        ["check", "filesystem", "memory"],
        ["check", "memory", "--all", "--timeout", "1ms", "--format", "json"],
      ],
      (args) => rollcall(args, { cwd: catalog.folder }),
    );
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(one?.stdout).toMatch(/^\{"server":"memory","status":"healthy",/);
    expect(two).toMatchObject({ code: 0, stderr: "" });
    expect(two?.stdout).toMatch(/^\[/);
    expect(resultsIn(two?.stdout ?? "").map(({ server }) => server)).toEqual(["filesystem", "memory"]);
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table?.stdout).toMatch(
      /^ {2}filesystem {2}healthy {2}mcp \d+ ms {2}rest – {2}\d+ tools {2}\d{4}-\d\d-\d\d \(until 2027-07-28\)\n {2}memory {6}healthy .*\n$/,
    );
    // no server answers within a millisecond
    expect(all?.code).toBe(2);
    expect(resultsIn(all?.stdout ?? "")).toHaveLength(4);
    for (const { status, mcp } of resultsIn(all?.stdout ?? ""))
      expect([status, asRecord(mcp).failureClass]).toEqual(["unhealthy", "timeout"]);
  });

  test("exits with the worst verdict of several", async () => {
    const broken = await catalogFolder();
    try {
      broken.edit(
        "servers/memory.yaml",
        'package: "@modelcontextprotocol/server-memory"',
        "command: no-such-command-here",
      );
      const { code, stdout } = await rollcall(["check", "filesystem", "memory", "--format", "json"], {
        cwd: broken.folder,
      });
      expect(resultsIn(stdout).map(({ status }) => status)).toEqual(["healthy", "unhealthy"]);
      expect(code).toBe(2);
    } finally {
      broken.remove();
    }
  });
});

test("validate says of each environment that it is valid, as text and as JSON", async () => {
  const [text, json, one] = await twoAtATime(
    [["validate"], ["validate", "--format", "json"], ["validate", "local"]],
    (args) => rollcall(args),
  );
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text?.stdout).toMatch(
    /^ {2}local {7}valid {2}4 servers {3}catalog [0-9a-f]{7}\n {2}production {2}valid {2}\d+ servers {2}catalog [0-9a-f]{7}\n {2}staging {5}valid .*\n$/,
  );
  expect(json).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(json?.stdout ?? "")).toEqual({
    valid: true,
    environments: ["local", "production", "staging"].map((environment) => ({
      environment,
      catalog: expect.stringMatching(/^[0-9a-f]{7}$/) as unknown,
      servers: expect.any(Number) as unknown,
    })),
  });
  expect(one?.stdout.split("\n")).toHaveLength(2);
});
