import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDesktopFile } from "../../ops/desktop-file.ts";
import { ROOT, rollcall } from "../support/cli.ts";
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
  ['{"mcpServers":{"a":{"env":{"K":hunter22222}}}}', "is not JSON"],
  [{ servers: {} }, "must hold mcpServers"],
  [{ mcpServers: { broken: { args: [] } } }, "mcpServers.broken"],
])("a file that cannot be used is refused with its place: %j", async (content, words) => {
  const { code, stderr, stdout } = await rollcall(["check", "--desktop", desktopFile(content)]);
  expect({ code, stdout }).toEqual({ code: 65, stdout: "" });
  expect(stderr).toContain("claude_desktop_config.json");
  expect(stderr).toContain(words);
  expect(stderr).not.toContain("hunter");
});

test("a name with an escape sequence is printed as text", async () => {
  const { targets } = readDesktopFile(
    desktopFile({ mcpServers: { "\u001b[31mred": { command: "node", env: { KEY: "v" } } } }),
    1_000,
  );
  expect(targets[0]?.server).toBe("\\u001b[31mred");
});

test("a check that is interrupted takes the servers along that it started", async () => {
  const marker = `rollcall-test-${process.pid}-${Date.now()}`;
  const script = `console.error("started"); setInterval(() => {}, 1000); // ${marker}`;
  const path = desktopFile({ mcpServers: { slow: { command: process.execPath, args: ["-e", script] } } });
  const child = spawn(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    join(ROOT, "ops", "rollcall.js"),
    "check",
    "--desktop",
    path,
  ]);
  const ended = once(child, "exit");
  await expect.poll(() => running(marker), { timeout: 15_000 }).toBe(1);
  child.kill("SIGINT");
  expect(await ended).toEqual([130, null]);
  await expect.poll(() => running(marker), { timeout: 5_000 }).toBe(0);
}, 30_000);

/** How many processes of this machine carry the marker in their arguments (Linux). */
function running(marker: string): number {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(marker);
    } catch {
      return false;
    }
  }).length;
}

test("a name that the file does not hold is refused with the names that it holds", async () => {
  const path = desktopFile({ mcpServers: { one: { command: "node" }, two: { command: "node" } } });
  const { code, stderr } = await rollcall(["check", "three", "--desktop", path]);
  expect(code).toBe(64);
  expect(stderr).toContain("name one of one, two");
});
