import type { CheckTarget, McpTarget } from "./target.ts";
import type { Endpoint, Runner, Server } from "./types.ts";

/** What one runner checks of a server; null where this runner has nothing to ask. */
export function targetOf(input: {
  readonly server: Server;
  readonly endpoint: Endpoint;
  readonly runner: Runner;
  /** How a stdio server is started here. @default its address is asked */
  readonly stdio?: Extract<McpTarget, { transport: "stdio" }>;
  /** Whether the runner is within a private network. @default every runner but the one in AWS is */
  readonly isPrivate?: boolean;
}): CheckTarget {
  const { server, endpoint, runner, stdio, isPrivate = runner !== "aws" } = input;
  const dependencies = server.dependencies.filter(
    ({ kind }) => runner === dependencyRunner(server) && (kind !== "disk" || runner === "local"),
  );
  return {
    server: server.name,
    mcp: stdio ?? httpTarget(server, endpoint),
    rest: endpoint.rest,
    timeoutMs: server.probe.timeout,
    requiredTools: server.requiredTools,
    // cluster addresses are private by nature, and so are those of one's own machine
    allowPrivate: isPrivate,
    ...(server.credentials === null ? {} : { credentials: server.credentials }),
    ...(server.tls === null ? {} : { tls: server.tls }),
    ...(server.contract === null ? {} : { contract: server.contract }),
    ...(server.canary === null ? {} : { canary: server.canary }),
    ...(dependencies.length === 0 ? {} : { dependencies }),
    ...(endpoint.replicas === null ? {} : { replicas: { host: endpoint.replicas } }),
  };
}

/** A gateway speaks Streamable HTTP for the stdio server that it holds. */
function httpTarget(server: Server, { mcp }: Endpoint): McpTarget | null {
  if (mcp === null) return null;
  return { transport: server.transport === "sse" ? "sse" : "streamable-http", url: mcp };
}

/** What a server needs is reached from where it runs, so the runner nearest to it asks. */
function dependencyRunner({ endpoints, probe }: Server): Runner {
  if (endpoints.local !== undefined) return "local";
  return endpoints.cluster !== undefined && probe.from.includes("cluster") ? "cluster" : "aws";
}
