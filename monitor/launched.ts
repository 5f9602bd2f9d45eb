import type { CheckTarget } from "../catalog/target.ts";
import type { Server } from "../catalog/types.ts";
import { openSessionFor } from "../probes/check.ts";
import { type Child, startChild } from "../probes/child.ts";
import { ProbeFault } from "../probes/classify.ts";
import { hostSecrets, resolveEnv } from "../probes/secrets.ts";
import type { Lease, McpSession } from "../probes/session.ts";
import type { Command } from "./command.ts";
import { requireFreePort, waitUntilListening } from "./local-port.ts";

/** How long a server may take from its start to its first answer; a cold machine is slow. */
const START_TIMEOUT_MS = 30_000;

/** A server that runs here as a child process. It is started again only when somebody says so. */
export interface Launched {
  readonly pid: number | null;
  start(): Promise<void>;
  /** Kills it as a crash would, without a goodbye. */
  kill(): void;
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
  let opening: Promise<McpSession> | null = null;
  let session: McpSession | null = null;
  let stopped = "it has not been started";
  let ending = false;
  const open = (): Promise<McpSession> => {
    opening ??= openSessionFor(target, AbortSignal.timeout(START_TIMEOUT_MS), { allowLoopback: true }).then(
      (opened) => {
        session = opened;
        void opened.closed.then(() => {
          if (session !== opened) return;
          session = null;
          stopped = "its process has ended";
          if (!ending) exited(`process ${opened.process?.pid ?? "?"} has ended`);
        });
        return opened;
      },
      (error: unknown) => {
        // a start that failed is tried again by the next probe; a server that ran and died is not
        opening = null;
        throw error;
      },
    );
    return opening;
  };
  return {
    get pid() {
      return session?.process?.pid ?? null;
    },
    start: async () => {
      ending = false;
      if (session === null) opening = null;
      await open();
    },
    kill: () => {
      if (session?.process) killGroup(session.process.pid);
    },
    stop: async () => {
      ending = true;
      const current = session ?? (await opening?.catch(() => null)) ?? null;
      await current?.close();
    },
    acquire: async () => {
      const current = session ?? (opening === null || ending ? null : await opening);
      if (current !== null && session === current)
        return { session: current, release: () => Promise.resolve() };
      if (opening === null && !ending) return { session: await open(), release: () => Promise.resolve() };
      throw new ProbeFault("connect", stopped);
    },
  };
}

function launchHttp({ server, target, command, exited }: LaunchInput): Launched {
  let child: Child | null = null;
  let ending = false;
  const port = server.run?.port ?? 0;
  return {
    get pid() {
      return child?.pid ?? null;
    },
    start: async () => {
      if (child !== null) return;
      ending = false;
      await requireFreePort(server.name, port);
      const { env } = await resolveEnv(command.env, hostSecrets);
      let gone: string | undefined;
      const started = await startChild(
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
      child = started;
      await waitUntilListening({
        server: target.server,
        port,
        timeoutMs: START_TIMEOUT_MS,
        gone: () => gone,
      });
    },
    kill: () => {
      if (child !== null) killGroup(child.pid);
    },
    stop: async () => {
      ending = true;
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
