import type { CheckTarget } from "../catalog/target.ts";
import type { Server } from "../catalog/types.ts";
import { openSessionFor } from "../probes/check.ts";
import { type Child, startChild } from "../probes/child.ts";
import { ProbeFault } from "../probes/classify.ts";
import { hostSecrets, resolveEnv } from "../probes/secrets/source.ts";
import type { Lease, McpSession } from "../probes/session.ts";
import type { Command } from "./command.ts";
import { requireFreePort, waitUntilListening } from "./local-port.ts";

/** How long a server may take from its start to its first answer; a cold machine is slow. */
const START_TIMEOUT_MS = 30_000;

/** A server that runs here as a child process. It is started again only when somebody says so. */
export interface Launched {
  readonly pid: number | null;
  start(): Promise<void>;
  /** Kills it as a crash would, without a goodbye; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Ends it in order; never throws. */
  stop(): Promise<void>;
  /** A session kept between probes; undefined where each probe opens its own over HTTP. */
  readonly acquire: ((signal: AbortSignal) => Promise<Lease>) | undefined;
}

export interface LaunchInput {
  readonly server: Server;
  readonly target: CheckTarget;
  readonly command: Command;
  /** Called when the process ends without having been told to by `stop`. */
  readonly exited: (detail: string) => void;
}

/** A server over stdio (a kept session) or over HTTP (a process that listens). */
export function launch(input: LaunchInput): Launched {
  return input.server.transport === "stdio" ? launchStdio(input) : launchHttp(input);
}

function launchStdio({ target, exited }: LaunchInput): Launched {
  const stopping = new AbortController();
  const { signal } = stopping;
  let starting: Promise<McpSession> | null = null;
  let session: McpSession | null = null;
  /** Whether the last start came up: a server that ran and died waits to be started by somebody. */
  let ran = false;
  /** One start at a time, whoever asks: a second process would be nobody's. */
  const open = (): Promise<McpSession> => {
    starting ??= begin().finally(() => {
      starting = null;
    });
    return starting;
  };
  const begin = async (): Promise<McpSession> => {
    if (signal.aborted) throw new ProbeFault("connect", "it is being stopped");
    const limit = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
    // a start may take longer than a check, and its handshake with it
    const patient = { ...target, timeoutMs: Math.max(target.timeoutMs, START_TIMEOUT_MS) };
    const opened = await openSessionFor(patient, limit, { allowLoopback: true });
    if (signal.aborted) {
      await opened.close();
      throw new ProbeFault("connect", "it is being stopped");
    }
    session = opened;
    ran = true;
    void opened.closed.then(() => {
      session = null;
      if (!signal.aborted) exited(`process ${opened.process?.pid ?? "?"} has ended`);
    });
    return opened;
  };
  return {
    get pid() {
      return session?.process?.pid ?? null;
    },
    start: async () => {
      if (session !== null && !signal.aborted) return;
      ran = false;
      await open();
    },
    kill: async () => {
      const current = session;
      if (current?.process == null) return;
      killGroup(current.process.pid);
      await current.closed;
    },
    stop: async () => {
      stopping.abort();
      await starting?.catch(() => undefined);
      await session?.close();
    },
    acquire: async () => {
      const current = session ?? (starting === null && ran ? null : await open());
      if (current === null) throw new ProbeFault("connect", "its process has ended");
      return { session: current, release: () => Promise.resolve() };
    },
  };
}

function launchHttp({ server, target, command, exited }: LaunchInput): Launched {
  const port = server.run?.port ?? 0;
  let starting: Promise<void> | null = null;
  let child: Child | null = null;
  let ending = false;
  const begin = async (): Promise<void> => {
    if (ending) throw new ProbeFault("connect", "it is being stopped");
    await requireFreePort(server.name, port);
    const { env } = await resolveEnv(command.env, hostSecrets);
    let gone: string | undefined;
    child = await startChild(
      { transport: "stdio", command: command.command, args: command.args, env },
      {
        line: () => undefined,
        ended: (fault) => {
          gone = fault.message;
          child = null;
          if (!ending) exited(fault.message);
        },
      },
    );
    await waitUntilListening({
      server: target.server,
      port,
      timeoutMs: START_TIMEOUT_MS,
      gone: () => (ending ? "it is being stopped" : gone),
    });
  };
  return {
    get pid() {
      return child?.pid ?? null;
    },
    start: async () => {
      if (child !== null && starting === null && !ending) return;
      starting ??= begin().finally(() => {
        starting = null;
      });
      await starting;
    },
    kill: async () => {
      const current = child;
      if (current === null) return;
      killGroup(current.pid);
      await current.stop();
    },
    stop: async () => {
      ending = true;
      await starting?.catch(() => undefined);
      await child?.stop();
    },
    acquire: undefined,
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}
