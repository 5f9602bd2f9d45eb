import type { CheckTarget } from "../catalog/target.ts";
import { targetOf } from "../catalog/target-of.ts";
import type { Server } from "../catalog/types.ts";
import type { Command } from "./command.ts";

/** What is checked of a server on this machine: its address, or the command that speaks stdio. */
export function localTarget(server: Server, command: Command | null): CheckTarget {
  const endpoint = server.endpoints.local ?? { mcp: null, rest: null, replicas: null };
  const stdio =
    server.transport === "stdio" && command !== null
      ? { transport: "stdio" as const, ...command }
      : undefined;
  return targetOf({ server, endpoint, runner: "local", ...(stdio === undefined ? {} : { stdio }) });
}
