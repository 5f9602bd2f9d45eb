import { readFileSync } from "node:fs";
import { z } from "zod";
import { catalogError, messageOf, type Problem } from "../catalog/errors.ts";
import type { CheckTarget } from "../catalog/target.ts";
import { printable } from "../probes/classify.ts";
import { hostSecrets, type SecretSource } from "../probes/secrets/source.ts";

/** A server of a Claude Desktop file: the keys that say how it is reached; others are the client's business. */
const entry = z.union([
  z.object({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    cwd: z.string().min(1).optional(),
  }),
  z.object({ url: z.url({ protocol: /^https?$/ }), type: z.enum(["http", "sse"]).optional() }),
]);

const desktopFile = z.object({ mcpServers: z.record(z.string().min(1), entry) });

/** What a Claude Desktop file describes, ready to be checked. */
export interface DesktopServers {
  readonly targets: readonly CheckTarget[];
  /** Holds the file's variables, so that each of their values is masked like any other secret. */
  readonly secretsOf: (server: string) => SecretSource;
}

/**
 * The servers of a Claude Desktop file (`claude_desktop_config.json`), with commands and paths as they stand there.
 * Throws a RollcallError (catalog, exit 65) that names every entry that cannot be read.
 */
export function readDesktopFile(path: string, timeoutMs: number): DesktopServers {
  const parsed = desktopFile.safeParse(readJson(path));
  if (!parsed.success) {
    throw catalogError(
      parsed.error.issues.map((issue) => ({
        place: path,
        path: printable(issue.path.join(".")),
        rule: issue.path.length < 2 ? "must hold mcpServers, a map of servers" : "is no server",
        cure: "give each server a command, with args and env, or a url",
      })),
    );
  }
  const servers = Object.entries(parsed.data.mcpServers).map(
    ([name, one]) => [printable(name), one] as const,
  );
  const variables = new Map(
    servers.map(([name, one]) => [name, new Map(Object.entries("command" in one ? one.env : {}))]),
  );
  return {
    targets: servers.map(([server, one]) => ({
      server,
      mcp:
        "command" in one
          ? {
              transport: "stdio",
              command: one.command,
              args: one.args,
              // by reference, although the file holds values: what is referred to is never shown
              env: Object.fromEntries(Object.keys(one.env).map((name) => [name, { env: name }])),
              ...(one.cwd === undefined ? {} : { cwd: one.cwd }),
            }
          : { transport: one.type === "sse" ? "sse" : "streamable-http", url: one.url },
      rest: null,
      timeoutMs,
      requiredTools: [],
      allowPrivate: true,
    })),
    secretsOf: (server) => ({
      ...hostSecrets,
      variable: (name) => variables.get(server)?.get(name),
    }),
  };
}

function readJson(path: string): unknown {
  const refuse = (rule: string, cure: string): Error => {
    const problem: Problem = { place: path, path: "", rule, cure };
    return catalogError([problem]);
  };
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw refuse(`cannot be read (${messageOf(error)})`, "name the Claude Desktop file");
  }
  try {
    // some editors on Windows begin a file with a byte order mark
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    // the message of the parser quotes the file, and a file like this one holds secrets
    const [, position] = /position (\d+)/.exec(messageOf(error)) ?? [];
    const where = position === undefined ? "" : ` (at character ${position})`;
    throw refuse(`is not JSON${where}`, "mend it, or take it from a backup");
  }
}
