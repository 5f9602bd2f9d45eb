import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { unavailableError } from "../catalog/errors.ts";
import type { SecretRef } from "../catalog/secrets.ts";
import type { Server } from "../catalog/types.ts";

/** Keeps a server that listens to this machine, whatever address it would have chosen. */
const LOOPBACK = new URL("./loopback.js", import.meta.url).href;

/** A command line that can be spawned on this machine. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | SecretRef>>;
}

/**
 * How a server of the catalog is started here. An npm package is run by this Node, without a shell or npx
 * between; `{state}` in arguments and variables becomes the state folder.
 * @throws RollcallError (unavailable) when the package is not installed or has no command.
 */
export function commandOf(
  server: Server,
  { root, state }: { readonly root: string; readonly state: string },
): Command {
  const { run } = server;
  if (run === null) {
    throw unavailableError({
      place: `stacks/servers/${server.name}.yaml`,
      rule: "nothing says how it is started",
      cure: "add run: with its package or command",
    });
  }
  const fill = (text: string): string => text.replaceAll("{state}", resolve(state));
  const env = Object.fromEntries(
    Object.entries(run.env).map(([name, value]) => [name, typeof value === "string" ? fill(value) : value]),
  );
  const args = run.args.map(fill);
  if (run.package === undefined) return { command: run.command ?? "", args, env };
  const preload = run.port === undefined ? [] : ["--import", LOOPBACK];
  return {
    command: process.execPath,
    args: [...preload, entryOf(server.name, run.package, root), ...args],
    env,
  };
}

/** The file behind the only command of an installed npm package. */
function entryOf(server: string, name: string, root: string): string {
  const folder = packageFolder(name, resolve(root));
  const missing = (rule: string): Error =>
    unavailableError({
      place: `server ${server}`,
      rule: `npm package ${name} ${rule}`,
      cure: "run `npm ci`, or correct run.package in its file",
    });
  if (folder === undefined) throw missing("is not installed");
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    bin?: string | Record<string, string>;
  };
  const file = typeof bin === "string" ? bin : Object.values(bin ?? {})[0];
  if (file === undefined || !existsSync(join(folder, file))) throw missing("has no command");
  return join(folder, file);
}

function packageFolder(name: string, from: string): string | undefined {
  const folder = join(from, "node_modules", name);
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(from);
  return parent === from ? undefined : packageFolder(name, parent);
}
