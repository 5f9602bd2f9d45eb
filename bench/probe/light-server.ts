/**
 * The lightest MCP server of the modern generation, in a process of its own: what a check costs beyond it is the
 * prober's. Listens on as many ports of 127.0.0.1 as asked for, and prints them as one JSON line.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const TOOLS = ["create_task", "list_tasks", "close_task"].map((name) => ({
  name,
  description: `${name.replace("_", " ")} of a project`,
  inputSchema: {
    type: "object",
    properties: { id: { type: "string" }, limit: { type: "integer" } },
    required: ["id"],
  },
}));
const INFO = { "io.modelcontextprotocol/serverInfo": { name: "light", version: "1.0.0" } };
const RESULTS: Readonly<Record<string, string>> = {
  "server/discover": JSON.stringify({
    resultType: "complete",
    supportedVersions: ["2026-07-28"],
    capabilities: { tools: {} },
    ttlMs: 60_000,
    cacheScope: "private",
    _meta: INFO,
  }),
  "tools/list": JSON.stringify({
    resultType: "complete",
    tools: TOOLS,
    ttlMs: 60_000,
    cacheScope: "private",
    _meta: INFO,
  }),
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    if (request.method === "GET") {
      response.end('{"status":"healthy"}');
      return;
    }
    const { id, method } = JSON.parse(Buffer.concat(parts).toString()) as { id: unknown; method: string };
    const result = RESULTS[method];
    response.end(
      result === undefined
        ? `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":{"code":-32601,"message":"Method not found"}}`
        : `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`,
    );
  });
}

const count = Number(process.argv[2] ?? 1);
const ports: number[] = [];
for (let i = 0; i < count; i += 1) {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 1_024, resolve));
  ports.push((server.address() as AddressInfo).port);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.on("end", () => process.exit()).resume();
