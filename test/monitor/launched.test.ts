/** Starting and stopping a real server over stdio and one over HTTP. Not proved here: other platforms than this. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { commandOf } from "../../monitor/command.ts";
import { type Launched, launch } from "../../monitor/launched.ts";
import { localTarget } from "../../monitor/local-target.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";
import { freePorts } from "../support/child.ts";

const ROOT = join(import.meta.dirname, "..", "..");
let state: string;
const started: Launched[] = [];

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "rollcall-launched-"));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
  rmSync(state, { recursive: true, force: true });
});

async function launched(name: string, exits: string[] = []): Promise<Launched> {
  const [port = 0] = await freePorts(1);
  const file = "stacks/servers/everything.yaml";
  const files = new Map(catalogFiles()).set(
    file,
    (catalogFiles().get(file) ?? "").replaceAll("7411", String(port)),
  );
  const environment = loadEnvironment(mapSource(files), "local");
  const server = environment.servers.find((one) => one.name === name);
  if (server === undefined) throw new Error(`no server ${name}`);
  const command = commandOf(server, { root: ROOT, state });
  const one = launch({
    server,
    target: localTarget(server, command),
    command,
    exited: (detail) => exits.push(detail),
  });
  started.push(one);
  return one;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.each(["memory", "everything"])(
  "starts of %s that are asked for at once make one process, which stop ends",
  async (name) => {
    const one = await launched(name);
    const asked = [one.start(), one.start(), one.start()];
    const leases =
      one.acquire === undefined
        ? []
        : [one.acquire(AbortSignal.timeout(20_000)), one.acquire(AbortSignal.timeout(20_000))];
    await Promise.all(asked);
    const sessions = (await Promise.all(leases)).map(({ session }) => session.process?.pid);
    expect(new Set([one.pid, ...sessions]).size).toBe(1);
    const pid = one.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    await one.stop();
    expect(isAlive(pid)).toBe(false);
    await expect(one.start()).rejects.toThrow(/being stopped/);
  },
);

test("a stop in the middle of a start leaves nothing behind", async () => {
  const one = await launched("memory");
  const start = one.start().catch((error: unknown) => error);
  await one.stop();
  expect(await start).toBeInstanceOf(Error);
  expect(one.pid).toBeNull();
});

test("a killed server stays down until somebody starts it, and the kill waits for its end", async () => {
  const exits: string[] = [];
  const one = await launched("memory", exits);
  await one.start();
  const pid = one.pid ?? 0;
  await one.kill();
  expect(isAlive(pid)).toBe(false);
  expect(one.pid).toBeNull();
  expect(exits).toHaveLength(1);
  await expect(one.acquire?.(AbortSignal.timeout(1_000))).rejects.toThrow("its process has ended");
  await one.start();
  expect(one.pid).not.toBe(pid);
});
