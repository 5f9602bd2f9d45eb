import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { messageOf, unavailableError } from "../../catalog/errors.ts";
import { freePorts, startChild } from "./child.ts";
import { withLock } from "./lock.ts";
import { type Availability, cacheFolder } from "./toolchain.ts";

/** An emulator of AWS services, in a process of its own that keeps nothing. */
export interface Ministack {
  /** Where every service answers. */
  readonly endpoint: string;
  /** Ends the process and removes its folder. */
  stop(): Promise<void>;
}

/** A first installation on a slow line, in milliseconds. */
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;
const REQUIREMENTS = join(import.meta.dirname, "..", "toolchain", "ministack", "requirements.txt");

/**
 * A `describe` whose tests need ministack, which is installed and started before its first test. Where it cannot be
 * had, a person's run leaves the tests out and says why by name; with CI=true it is a failure. Ask for it within a
 * test only: its hooks run even when its tests are left out.
 */
export function describeWithMinistack(title: string, tests: (ministack: () => Ministack) => void): void {
  const found = availability();
  if (!found.ok && process.env.CI !== "true") {
    describe.skip(`${title} (left out: ${found.reason})`, () => tests(notStarted));
    return;
  }
  describe(title, () => {
    if (!found.ok) {
      it("has the emulator that it runs against", () => {
        throw new Error(found.reason);
      });
      return;
    }
    let running: Ministack | undefined;
    let missing: string | undefined;
    beforeAll(async () => {
      try {
        await install();
      } catch (error) {
        if (process.env.CI === "true") throw error;
        missing = messageOf(error);
        return;
      }
      running = await startMinistack();
    }, INSTALL_TIMEOUT_MS);
    beforeEach(({ skip }) => {
      if (missing !== undefined) skip(`left out: ${missing}`);
    });
    afterAll(async () => running?.stop());
    tests(() => running ?? notStarted());
  });
}

/** Starts DynamoDB and CloudWatch on a free port of 127.0.0.1 and waits until it answers. */
async function startMinistack(): Promise<Ministack> {
  const python = await install();
  const folder = await mkdtemp(join(tmpdir(), "rollcall-ministack-"));
  const [port = 0] = await freePorts(1);
  const settings = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    TMPDIR: folder,
    BIND_HOST: "127.0.0.1",
    GATEWAY_PORT: String(port),
    SERVICES: "dynamodb,cloudwatch",
  };
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  // an environment of its own: nothing of a person's AWS account, and no state of an earlier run
  const child = startChild("env", ["-i", ...variables, python, "-m", "ministack"], folder);
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await Promise.race([waitUntilReady(endpoint), child.died]);
    return { endpoint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitUntilReady(endpoint: string): Promise<void> {
  const end = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < end) {
    const ready = await fetch(`${endpoint}/_ministack/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await delay(READY_POLL_MS);
  }
  throw new Error(`ministack did not answer within ${READY_TIMEOUT_MS} ms`);
}

/** Says at once, without installing, whether ministack may be had; a network that is missing shows later. */
function availability(): Availability {
  if (existsSync(pythonIn(environmentFolder()))) return { ok: true };
  const usable = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
  if (spawnSync("python3", ["-c", usable]).status === 0) return { ok: true };
  return {
    ok: false,
    reason: "ministack is not installed yet and needs python3 of 3.10 or newer, with venv, on PATH",
  };
}

/**
 * The Python that has ministack, in an environment of its own that is installed unless the cache has it. Safe when
 * several processes ask at once. Throws RollcallError when it cannot be installed.
 */
async function install(): Promise<string> {
  const target = environmentFolder();
  await mkdir(cacheFolder(), { recursive: true });
  await withLock(`${target}.lock`, async () => {
    if (!existsSync(pythonIn(target))) await installInto(target);
  });
  return pythonIn(target);
}

async function installInto(target: string): Promise<void> {
  const run = promisify(execFile);
  const draft = `${target}.${process.pid}.tmp`;
  process.stderr.write("installing ministack once, about 20 seconds …\n");
  try {
    await run("python3", ["-m", "venv", draft]);
    const flags = [
      "--quiet",
      "--no-input",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary=:all:",
    ];
    await run(pythonIn(draft), ["-m", "pip", "install", ...flags, "--requirement", REQUIREMENTS]);
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const rule = `ministack could not be installed: ${lastLineOf(error)}`;
    const cure = "run the test again where pip reaches its index";
    throw unavailableError({ place: REQUIREMENTS, rule, cure }, error);
  }
}

function lastLineOf(error: unknown): string {
  const told = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return (told === "" ? messageOf(error) : told).split("\n").at(-1) ?? "";
}

function environmentFolder(): string {
  const requirements = readFileSync(REQUIREMENTS, "utf8");
  const version = /^ministack==(\S+)$/m.exec(requirements)?.[1] ?? "";
  const hash = createHash("sha256")
    .update(`${process.platform}-${process.arch}\n${requirements}`)
    .digest("hex");
  return join(cacheFolder(), `ministack-${version}-${hash.slice(0, 16)}`);
}

function pythonIn(folder: string): string {
  return join(folder, "bin", "python");
}

function notStarted(): never {
  throw new Error("ministack is not running");
}
