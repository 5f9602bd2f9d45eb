import { fileURLToPath } from "node:url";
import type { McpTarget } from "../../../probes/target.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A stdio server written on the spot, as the text of an ES module. */
export function scripted(script: string, env: Record<string, string> = {}): McpTarget {
  return {
    transport: "stdio",
    command: process.execPath,
    args: ["--input-type=module", "-e", script],
    env,
    cwd: root,
  };
}

/** What a child does otherwise than a right server; each is the text of statements of an ES module. */
export interface Habits {
  /** Before it reads anything. */
  readonly first?: string;
  /** With each message as `line`, parsed as `id` and `method`, before the right answer; `continue` leaves it out. */
  readonly each?: string;
  /** With the right answer as `text` and `say` to write it. @default `say(text)` */
  readonly answer?: string;
}

/** A stdio server of the older generation, right in all but its habits. */
export function child({ first = "", each = "", answer = "say(text);" }: Habits = {}): McpTarget {
  return scripted(`import { createInterface } from "node:readline";
    import { spawn } from "node:child_process";
    const results = {
      initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} },
        serverInfo: { name: "child", version: "1" } },
      "tools/list": { tools: [{ name: "a", inputSchema: { type: "object" } }] },
    };
    const say = (text) => process.stdout.write(text + "\\n");
    ${first}
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, method } = JSON.parse(line);
      ${each}
      if (id === undefined) continue;
      const body = Object.hasOwn(results, method)
        ? { result: results[method] } : { error: { code: -32601, message: "Method not found" } };
      const text = JSON.stringify({ jsonrpc: "2.0", id, ...body });
      ${answer}
    }`);
}

/** A child that answers tools/list with this line; `$ID` stands for the id of the request. */
export function saying(line: string): McpTarget {
  return child({
    answer: `if (method !== "tools/list") { say(text); continue; }
      const twin = typeof id === "number" ? JSON.stringify(String(id)) : String(Number(id) || 0);
      say(${JSON.stringify(line)}.replaceAll("$ID", () => JSON.stringify(id)).replaceAll("$TWIN", () => twin));`,
  });
}

/** Writes to a stream as fast as it is read, with no line end. */
export function floodsOn(stream: "stdout" | "stderr", text = '"x".repeat(1 << 16)'): string {
  return `{ const block = ${text};
    const more = () => { while (process.${stream}.write(block)); };
    process.${stream}.on("drain", more); more(); }`;
}
