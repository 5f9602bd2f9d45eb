import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import type { ResolvedMcp } from "../../../probes/session.ts";
import { referenceServer } from "../../support/servers.ts";
import { faultOf, open } from "./support.ts";

/** Entries of a Claude Desktop file, `{"mcpServers": {"name": {"command", "args", "env"}}}`, probed as they are. */

/** A server whose one tool says what it was started with. */
const MIRROR = `import { createInterface } from "node:readline";
  const reply = (id, body) => console.log(JSON.stringify({ jsonrpc: "2.0", id, ...body }));
  const given = { args: process.argv.slice(1), env: process.env };
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line);
    const tool = { name: "mirror", description: JSON.stringify(given), inputSchema: { type: "object" } };
    if (id === undefined) continue;
    if (method === "initialize") reply(id, { result: {
      protocolVersion: "2024-11-05", capabilities: { tools: {} }, serverInfo: { name: "mirror", version: "1" } } });
    else if (method === "tools/list") reply(id, { result: { tools: [tool] } });
    else reply(id, { error: { code: -32601, message: "Method not found" } });
  }`;

interface Entry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function entryOf(text: string, name: string): ResolvedMcp {
  const { mcpServers } = JSON.parse(text) as { mcpServers: Record<string, Entry> };
  const { command = "", args = [], env = {} } = mcpServers[name] ?? {};
  return { transport: "stdio", command, args, env };
}

describe("an entry of a Claude Desktop file", () => {
  it("[SKILL-01] starts the reference servers with its command, args and env", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall desktop "));
    try {
      const memory = { command: process.execPath, args: [referenceServer("memory")] };
      const file = JSON.stringify({
        mcpServers: {
          filesystem: { command: process.execPath, args: [referenceServer("filesystem"), folder] },
          memory: { ...memory, env: { MEMORY_FILE_PATH: join(folder, "memory file.jsonl") } },
        },
      });
      await using filesystem = await open(entryOf(file, "filesystem"));
      const call = { name: "list_allowed_directories", arguments: {} };
      const allowed = await filesystem.callTool(call, AbortSignal.timeout(10_000));
      expect(allowed.text).toContain(folder);
      await using remembering = await open(entryOf(file, "memory"));
      const entities = [{ name: "Rollcall", entityType: "tool", observations: [] }];
      const create = { name: "create_entities", arguments: { entities } };
      expect(await remembering.callTool(create, AbortSignal.timeout(10_000))).toMatchObject({
        isError: false,
      });
      expect(await readdir(folder)).toEqual(["memory file.jsonl"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("[SKILL-01] hands on paths of Windows, blanks and what a shell would read, untouched", async () => {
    const args = [
      "C:\\Users\\Some One\\My Files\\",
      "\\\\server\\share\\a b",
      "%APPDATA%\\npm",
      "$HOME `id` $(id) $PATH",
      "a; b && c | d > e < f & g",
      '\'single\' "double" \\"',
      "*.ts ~ ? [a-z] {a,b} !x #y ^z",
      "",
      " ",
      "größe 😀\ttab",
    ];
    const env = { SOME_PATH: "C:\\Program Files\\x;%PATH%", QUOTED: '"a b"', EMPTY: "" };
    const mirror = {
      command: process.execPath,
      args: ["--input-type=module", "-e", MIRROR, "--", ...args],
      env,
    };
    const file = JSON.stringify({ mcpServers: { mirror } });
    await using session = await open(entryOf(file, "mirror"));
    const { tools } = await session.listTools(AbortSignal.timeout(10_000));
    const given = JSON.parse(String(tools[0]?.description)) as { args: unknown; env: Record<string, string> };
    expect(given.args).toEqual(args);
    expect(given.env).toMatchObject(env);
  });

  it("[SKILL-01] with a command that is a whole command line is no command, and nothing of it runs", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-desktop-"));
    try {
      const command = `touch ${join(folder, "made")}`;
      const fault = await faultOf(open({ transport: "stdio", command, args: [], env: {} }));
      expect(fault).toBeInstanceOf(ProbeFault);
      expect(fault).toMatchObject({ failureClass: "connect" });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
