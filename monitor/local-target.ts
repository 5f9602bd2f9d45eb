import type { CheckTarget } from "../catalog/target.ts";
import type { Server } from "../catalog/types.ts";
import type { Command } from "./command.ts";

/** What is checked of a server on this machine: its address, or the command that speaks stdio. */
export function localTarget(server: Server, command: Command | null): CheckTarget {
  const endpoint = server.endpoints.local ?? { mcp: null, rest: null };
  const stdio = server.transport === "stdio" && command !== null;
  return {
    server: server.name,
    mcp: stdio
      ? { transport: "stdio", ...command }
      : endpoint.mcp === null
        ? null
        : { transport: "streamable-http", url: endpoint.mcp },
    rest: endpoint.rest === null ? null : { url: endpoint.rest },
    timeoutMs: server.probe.timeout,
    requiredTools: server.requiredTools,
    allowPrivate: true,
  };
}
