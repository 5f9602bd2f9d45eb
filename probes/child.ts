import { isUtf8 } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { ProbeFault } from "./classify.ts";
import type { ResolvedMcp } from "./session.ts";

/** The longest line that a child may write: one message, so the same as a body over HTTP. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const STDERR_TAIL_BYTES = 4 * 1024;
/** How long a child may take to end by itself once its stdin has ended, and then after SIGTERM. */
const STDIN_GRACE_MS = 200;
const TERM_GRACE_MS = 500;
/** What a child inherits: enough to find and run programs, nothing that this process holds for others. */
const INHERITED = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

export interface ChildEvents {
  line(text: string): void;
  /** A line that is not UTF-8, and so no text at all. */
  garbled?(): void;
  /** Called once: the child has ended, or broke the framing and is being stopped. */
  ended(fault: ProbeFault): void;
}

/** A child that speaks lines over stdin and stdout, in a process group of its own. */
export interface Child {
  readonly pid: number;
  stderrTail(): string;
  /** Resolves when the line is handed to the pipe; a child that has gone is told by `ended`. */
  write(line: string): Promise<void>;
  /** Ends the whole group: stdin, SIGTERM, SIGKILL. Resolves when the child is gone; never throws. */
  stop(): Promise<void>;
}

/** Starts the command of a stdio target. Throws a ProbeFault of class connect when it cannot be started. */
export async function startChild(
  target: Extract<ResolvedMcp, { transport: "stdio" }>,
  events: ChildEvents,
): Promise<Child> {
  const child = spawn(target.command, [...target.args], {
    env: { ...inheritedEnv(), ...target.env },
    ...(target.cwd === undefined ? {} : { cwd: target.cwd }),
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    windowsHide: true,
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new ProbeFault("connect", startFailure(target.command, error), error);
  }
  const pid = child.pid ?? 0;
  const { stdin, stdout, stderr } = child;
  live.add(pid);
  // An "error" after the start is a signal that could not be delivered: the group is gone already.
  child.on("error", () => undefined);
  stdin.on("error", () => undefined);

  let tail = Buffer.alloc(0);
  stderr.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-STDERR_TAIL_BYTES);
  });
  const stderrTail = (): string => tail.toString("utf8").trim();

  let over = false;
  const end = (fault: ProbeFault): void => {
    if (over) return;
    over = true;
    events.ended(fault);
  };
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= stopGroup(child, pid);
    return stopping;
  };
  stdout.on(
    "data",
    lineSplitter({
      line: events.line,
      garbled: () => events.garbled?.(),
      overflow: () => {
        end(new ProbeFault("protocol", `a line on stdout exceeds ${MAX_LINE_BYTES} bytes`));
        void stop();
      },
    }),
  );
  child.once("exit", (code, signal) => {
    // Helpers of the group must not outlive their server, and may hold its pipes open.
    kill(pid, "SIGKILL");
    live.delete(pid);
    // The last words on stderr may still be in the pipe when the exit is told.
    setImmediate(() => end(new ProbeFault("connect", exitMessage(code, signal, stderrTail()))));
  });

  return {
    pid,
    stderrTail,
    stop,
    async write(line) {
      if (!stdin.writable) return;
      if (!stdin.write(`${line}\n`)) await Promise.race([once(stdin, "drain"), once(stdin, "close")]);
    },
  };
}

/** Groups that still run; a process that exits without closing its sessions takes them along. */
const live = new Set<number>();
process.once("exit", () => {
  for (const pid of live) kill(pid, "SIGKILL");
});

async function stopGroup(child: ChildProcess, pid: number): Promise<void> {
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  if (running()) {
    const exited = once(child, "exit").then(() => undefined);
    child.stdin?.end();
    await within(exited, STDIN_GRACE_MS);
    if (running()) {
      kill(pid, "SIGTERM");
      await within(exited, TERM_GRACE_MS);
    }
    if (running()) {
      kill(pid, "SIGKILL");
      await exited;
    }
  }
  for (const stream of child.stdio) stream?.destroy();
}

/** Signals a process group; one that has ended is none to signal. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nothing is left of the group.
  }
}

function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

/** Cuts chunks into lines; bytes are joined once per line, so that a line in a thousand pieces costs no more. */
function lineSplitter({
  line,
  garbled,
  overflow,
}: {
  readonly line: (text: string) => void;
  readonly garbled: () => void;
  readonly overflow: () => void;
}): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    let rest = chunk;
    for (let at = rest.indexOf(10); at !== -1; at = rest.indexOf(10)) {
      const bytes = Buffer.concat([...parts, rest.subarray(0, at)]);
      parts = [];
      size = 0;
      rest = rest.subarray(at + 1);
      // replacement characters would make a message of it that nobody sent
      if (!isUtf8(bytes)) garbled();
      else if (bytes.some((byte) => byte > 32)) line(bytes.toString("utf8"));
    }
    parts.push(rest);
    size += rest.byteLength;
    if (size <= MAX_LINE_BYTES) return;
    parts = [];
    size = 0;
    overflow();
  };
}

function inheritedEnv(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function startFailure(command: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return code === "ENOENT" ? `command ${command} or its folder was not found` : `command ${command}: ${code}`;
}

function exitMessage(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
  const last = stderr.split("\n").at(-1) ?? "";
  return last === "" ? `the server's process ${how}` : `the server's process ${how}: ${last}`;
}
