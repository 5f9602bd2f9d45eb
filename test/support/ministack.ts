import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { messageOf, unavailableError } from "../../catalog/errors.ts";
import { ACCOUNT, REGION } from "./aws-types.ts";
import { freePorts, startChild } from "./child.ts";
import { withLock } from "./lock.ts";
import { type Availability, cacheFolder } from "./toolchain.ts";

/**
 * An emulator of AWS services, in a process of its own that keeps nothing. Its account and region, for a caller that
 * does not say them, are those of the stand-in for AWS; an access key of 12 digits names another account.
 */
export interface Ministack {
  /** Where every service answers. */
  readonly endpoint: string;
  /** The folder of its own: what its Lambda functions take for the place of temporary files. */
  readonly folder: string;
  /** Ends the process, those of its Lambda functions with it, and removes its folder. */
  stop(): Promise<void>;
}

/** A first installation on a slow line, in milliseconds. */
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;
const ROOT = join(import.meta.dirname, "..", "..");
const REQUIREMENTS = join(import.meta.dirname, "..", "toolchain", "ministack", "requirements.txt");

export interface MinistackOptions {
  /** The services that answer, in the emulator's words. @default all */
  readonly services?: readonly string[];
}

/**
 * A `describe` whose tests need ministack, which is installed and started before its first test. Where it cannot be
 * had, a person's run leaves the tests out and says why by name; with CI=true it is a failure. Ask for it within a
 * test only: its hooks run even when its tests are left out.
 */
export function describeWithMinistack(
  title: string,
  tests: (ministack: () => Ministack) => void,
  options: MinistackOptions = {},
): void {
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
      running = await startMinistack(options);
    }, INSTALL_TIMEOUT_MS);
    beforeEach(({ skip }) => {
      if (missing !== undefined) skip(`left out: ${missing}`);
    });
    afterAll(async () => running?.stop());
    tests(() => running ?? notStarted());
  });
}

/**
 * Starts the emulator on a free port of 127.0.0.1 and waits until it answers. Its Lambda functions run on the
 * project's Node, find `@aws-sdk/*` in its node_modules as they would in the Lambda runtime, and have the emulator's
 * address in AWS_ENDPOINT_URL unless their own environment says another.
 */
async function startMinistack({ services = [] }: MinistackOptions): Promise<Ministack> {
  const python = await install();
  const folder = await mkdtemp(join(tmpdir(), "rollcall-ministack-"));
  // each function's code lies in a folder below this one
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const [port = 0] = await freePorts(1);
  const settings = {
    PATH: [join(ROOT, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter),
    HOME: folder,
    TMPDIR: folder,
    BIND_HOST: "127.0.0.1",
    GATEWAY_PORT: String(port),
    MINISTACK_ACCOUNT_ID: ACCOUNT,
    MINISTACK_HOST: "127.0.0.1",
    MINISTACK_REGION: REGION,
    SERVICES: services.join(","),
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
    return { endpoint, folder, stop };
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
