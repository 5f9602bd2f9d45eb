import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDesktopFile } from "../../ops/desktop-file.ts";
import { rollcall } from "../support/cli.ts";
import { referenceServer } from "../support/servers.ts";

// Servers as a Claude Desktop file configures them. Windows itself is not run here: its paths only pass through.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-desktop-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function desktopFile(content: unknown): string {
  const path = join(folder, "claude_desktop_config.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("[SKILL-01] a Claude Desktop file's servers are probed as they are configured, their variables never shown", async () => {
  const path = desktopFile({
    globalShortcut: "Ctrl+Space",
    mcpServers: {
      memory: { command: process.execPath, args: [referenceServer("memory")] },
      talkative: {
        command: process.execPath,
        args: ["-e", "console.error(process.env.API_TOKEN); process.exit(3)"],
        env: { API_TOKEN: "correct-horse-battery" },
      },
    },
  });
  const { code, stdout } = await rollcall(["check", "--desktop", path, "--format", "json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject([
    { server: "memory", status: "healthy", mcp: { transport: "stdio", tools: 9 } },
    { server: "talkative", status: "unhealthy", mcp: { failureClass: "connect" } },
  ]);
  expect(stdout).not.toContain("correct-horse-battery");
  const named = await rollcall(["check", "memory", "--desktop", path]);
  expect(named).toMatchObject({ code: 0 });
  expect(named.stdout).not.toContain("talkative");
});

test("[SKILL-01] commands, arguments and folders pass through as they stand, on each system", () => {
  const { targets } = readDesktopFile(
    desktopFile({
      mcpServers: {
        windows: {
          command: "C:\\Program Files\\nodejs\\npx.cmd",
          args: ["-y", "@scope/server", "C:\\Users\\Ann Smith\\Documents", "%APPDATA%"],
          cwd: "D:\\work",
        },
        macos: {
          command: "/opt/homebrew/bin/uvx",
          args: ["mcp-server-git", "--repository", "/Users/ann/a b"],
        },
        remote: { url: "https://mcp.example.com/mcp" },
      },
    }),
    5_000,
  );
  expect(targets.map(({ mcp }) => mcp)).toEqual([
    {
      transport: "stdio",
      command: "C:\\Program Files\\nodejs\\npx.cmd",
      args: ["-y", "@scope/server", "C:\\Users\\Ann Smith\\Documents", "%APPDATA%"],
      env: {},
      cwd: "D:\\work",
    },
    {
      transport: "stdio",
      command: "/opt/homebrew/bin/uvx",
      args: ["mcp-server-git", "--repository", "/Users/ann/a b"],
      env: {},
    },
    { transport: "streamable-http", url: "https://mcp.example.com/mcp" },
  ]);
});

test.each([
  ["{", "is not JSON"],
  [{ servers: {} }, "must hold mcpServers"],
  [{ mcpServers: { broken: { args: [] } } }, "mcpServers.broken"],
])("a file that cannot be used is refused with its place: %j", async (content, words) => {
  const { code, stderr, stdout } = await rollcall(["check", "--desktop", desktopFile(content)]);
  expect({ code, stdout }).toEqual({ code: 65, stdout: "" });
  expect(stderr).toContain("claude_desktop_config.json");
  expect(stderr).toContain(words);
});

test("a name that the file does not hold is refused with the names that it holds", async () => {
  const path = desktopFile({ mcpServers: { one: { command: "node" }, two: { command: "node" } } });
  const { code, stderr } = await rollcall(["check", "three", "--desktop", path]);
  expect(code).toBe(64);
  expect(stderr).toContain("name one of one, two");
});
