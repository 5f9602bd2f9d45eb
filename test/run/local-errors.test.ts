import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePorts } from "../support/child.ts";
import { asRecord } from "../support/json.ts";
import {
  type CatalogFolder,
  catalogFolder,
  messagesOf,
  rollcall,
  startFailing,
  startMonitor,
} from "../support/running-monitor.ts";

// What a person reads when `npm start` cannot start: one line that names the place and the cure, an exit code,
// and nothing left behind.

let catalog: CatalogFolder;
const open: Server[] = [];

beforeEach(async () => {
  catalog = await catalogFolder();
});

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.close();
    await once(server, "close");
  }
  catalog.remove();
});

/** Takes a port of this machine until the test is over. */
async function take(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  open.push(server);
  await once(server, "listening");
}

/** Starts on a port of its own, expects it to refuse, and returns its lines on standard error. */
async function refused({
  code,
  port = 0,
  state = catalog.state,
}: {
  readonly code: number;
  readonly port?: number;
  readonly state?: string;
}): Promise<string[]> {
  const result = await startFailing(["--port", String(port), "--state", state], catalog.folder);
  expect(result, result.stderr).toMatchObject({ code });
  expect(result.stdout).not.toContain("console");
  const lines = result.stderr.split("\n").filter((line) => line !== "");
  expect(lines.join("\n")).not.toMatch(/^\s+at /m);
  return lines;
}

describe("npm start says in one line, and leaves nothing running, when", () => {
  test("its port is taken", async () => {
    const [port = 0] = await freePorts(1);
    await take(port);
    expect(await refused({ code: 69, port })).toEqual([
      `127.0.0.1:${port}: the port is taken; end what listens there, or name another with --port`,
    ]);
    expect(readdirSync(catalog.state)).toEqual([]);
  });

  test("the port of a server is taken", async () => {
    const port = catalog.everythingPort;
    await take(port);
    const lines = await refused({ code: 69 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`server everything: port ${port} of 127.0.0.1 is taken`);
    expect(lines[0]).toContain("give the server another run.port");
    expect(existsSync(join(catalog.state, "monitor.json"))).toBe(false);
    expect(messagesOf(catalog.state)).toEqual([]);
  });

  test("the npm package of a server is missing", async () => {
    catalog.edit("servers/memory.yaml", "server-memory", "server-forgotten");
    expect(await refused({ code: 69 })).toEqual([
      "server memory: npm package @modelcontextprotocol/server-forgotten is not installed; run `npm ci`, or correct run.package in its file",
    ]);
    expect(readdirSync(catalog.state)).toEqual([]);
  });

  test("the catalog is broken", async () => {
    catalog.edit("servers/memory.yaml", "objective: 99.5%", "objective: 995%");
    const lines = await refused({ code: 65 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^stacks\/servers\/memory\.yaml:\d+:\d+ {2}objectives\.availability\.objective: /,
    );
    expect(existsSync(catalog.state)).toBe(false);
  });

  test("its state folder cannot be made", async () => {
    // a path below a file: permissions would not stop a test that runs as root
    const state = join("stacks", "local.yaml", "state");
    const [line, ...others] = await refused({ code: 69, state });
    expect(others).toEqual([]);
    expect(line).toContain("the state folder cannot be written");
    expect(line).toContain("name another with --state");
  });

  test("its history is no database; the file is left as it is", async () => {
    mkdirSync(catalog.state);
    const file = join(catalog.state, "history.db");
    const text = "this was once a history ".repeat(50);
    writeFileSync(file, text);
    const [line, ...others] = await refused({ code: 69 });
    expect(others).toEqual([]);
    expect(line).toContain(`${file}: the history cannot be opened (file is not a database)`);
    expect(line).toContain("set the file aside");
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(catalog.state)).toEqual(["history.db"]);
  });

  test("a monitor runs on its state folder already, which it leaves alone", async () => {
    const first = await startMonitor(catalog);
    try {
      const [line, ...others] = await refused({ code: 69 });
      expect(others).toEqual([]);
      expect(line).toContain(
        `a monitor already runs on this state folder (process ${first.pid}, ${first.url})`,
      );
      expect((await first.get("/status/health")).status).toBe("healthy");
      expect(asRecord(JSON.parse(readFileSync(join(catalog.state, "monitor.json"), "utf8"))).pid).toBe(
        first.pid,
      );
    } finally {
      await first.end("SIGINT");
    }
  });
});

test("a drill without a monitor says how to start one", async () => {
  const drill = await rollcall(["drill", "stop", "memory", "--state", catalog.state], catalog.folder);
  expect(drill.code).toBe(69);
  expect(drill.stderr).toBe(
    `${catalog.state}: no monitor runs on this state folder; start it with \`npm start\`, or name its folder with --state\n`,
  );
});
