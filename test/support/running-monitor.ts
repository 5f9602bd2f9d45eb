import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePorts } from "./child.ts";
import { asRecord, asString, type JsonRecord } from "./json.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NODE = join(ROOT, "node_modules", ".bin", "node");

/** A folder with a copy of the catalog whose ports are free, so that a monitor of this machine is not disturbed. */
export interface CatalogFolder {
  readonly folder: string;
  readonly state: string;
  /** Port of the server `everything`, the only one that listens. */
  readonly everythingPort: number;
  /** Replaces a text that stands in a file of the catalog. */
  edit(file: string, from: string | RegExp, to: string): void;
  remove(): void;
}

export async function catalogFolder(): Promise<CatalogFolder> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-run-"));
  const [everythingPort = 0] = await freePorts(1);
  mkdirSync(join(folder, "docs"));
  cpSync(join(ROOT, "stacks"), join(folder, "stacks"), { recursive: true });
  cpSync(join(ROOT, "docs", "runbooks"), join(folder, "docs", "runbooks"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  const edit: CatalogFolder["edit"] = (file, from, to) => {
    const path = join(folder, "stacks", file);
    const text = readFileSync(path, "utf8");
    const changed = text.replaceAll(from, to);
    if (changed === text) throw new Error(`${file} does not hold ${String(from)}`);
    writeFileSync(path, changed);
  };
  edit("servers/everything.yaml", /\b7411\b/g, String(everythingPort));
  return {
    folder,
    state: join(folder, "state"),
    everythingPort,
    edit,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A child that ran to its end. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as `npm start` gives it, with the options that npm would pass on. */
function startCommand(): readonly string[] {
  const scripts = asRecord(asRecord(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).scripts);
  const [node, ...words] = (asString(scripts.start) ?? "").split(" ");
  if (node !== "node") throw new Error("npm start does not run node");
  return words.map((word) => (word === "ops/rollcall.js" ? join(ROOT, word) : word));
}

function spawnNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  return spawn(NODE, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs `rollcall` with arguments in a folder and waits for its end. */
export function rollcall(args: readonly string[], cwd: string): Promise<Ended> {
  const script = join(ROOT, "ops", "rollcall.js");
  return ended(spawnNode(["--disable-warning=ExperimentalWarning", script, ...args], cwd));
}

/** Runs `npm start` with options until it ends by itself: for the cases in which it cannot start. */
export function startFailing(args: readonly string[], cwd: string): Promise<Ended> {
  return ended(spawnNode([...startCommand(), ...args], cwd));
}

async function ended(child: ReturnType<typeof spawnNode>): Promise<Ended> {
  const out = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].on("data", (chunk: Buffer) => {
      out[stream] += chunk.toString();
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...out };
}

/** A monitor that a test runs: everything that it says, and a way to wait for what it will say. */
export interface RunningMonitor {
  readonly pid: number;
  readonly url: string;
  readonly events: readonly JsonRecord[];
  /** The first event, past or to come, that matches; rejects after `withinMs` or when the monitor ends. */
  event(matches: (event: JsonRecord) => boolean, withinMs: number): Promise<JsonRecord>;
  get(path: string): Promise<JsonRecord>;
  /** Process ids of its servers, by their names. */
  children(): Promise<Readonly<Record<string, number>>>;
  /** Sends a signal and waits for its end. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

const START_MS = 60_000;

/** Starts `npm start` in a catalog folder and waits until it says that it is ready. */
export async function startMonitor(
  { folder, state }: Pick<CatalogFolder, "folder" | "state">,
  { env = {} }: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<RunningMonitor> {
  const args = [...startCommand(), "--port", "0", "--state", state, "--format", "json"];
  const child = spawnNode(args, folder, env);
  const log = new EventLog(child);
  try {
    const ready = await log.event(({ type }) => type === "ready", START_MS);
    return running(child, log, asString(ready.url) ?? "");
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function running(child: ChildProcess, log: EventLog, url: string): RunningMonitor {
  const get = async (path: string): Promise<JsonRecord> => asRecord(await (await fetch(url + path)).json());
  return {
    pid: child.pid ?? 0,
    url,
    events: log.events,
    event: (matches, withinMs) => log.event(matches, withinMs),
    get,
    children: async () => {
      const { servers } = await get("/status/servers");
      const pairs = (servers as readonly JsonRecord[]).map(
        ({ server, pid }) => [String(server), Number(pid)] as const,
      );
      return Object.fromEntries(pairs);
    },
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "close");
        child.kill(signal);
        await gone;
      }
      return { code: child.exitCode, stderr: log.stderr };
    },
  };
}

class EventLog {
  readonly events: JsonRecord[] = [];
  stderr = "";
  #ended: boolean = false;
  readonly #waiting = new Set<() => void>();

  constructor(child: ReturnType<typeof spawnNode>) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.events.push(asRecord(JSON.parse(line)));
      this.#wake();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    child.once("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  async event(matches: (event: JsonRecord) => boolean, withinMs: number): Promise<JsonRecord> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (this.#ended || left <= 0) {
        const last = this.events.slice(-5).map((one) => JSON.stringify(one));
        const why = this.#ended ? "the monitor ended" : `nothing of the kind in ${withinMs} ms`;
        throw new Error([`${why}; it said last:`, ...last, this.stderr].join("\n"));
      }
      await this.#next(left);
    }
  }

  #next(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/** Messages of a state folder, oldest first. */
export function messagesOf(state: string): readonly JsonRecord[] {
  const file = join(state, "messages.ndjson");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => asRecord(JSON.parse(line)));
}

/** Whether a process still runs; one that has ended and is not yet reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
