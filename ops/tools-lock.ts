import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { type Problem, RollcallError, unavailableError } from "../catalog/errors.ts";
import { loadEnvironment } from "../catalog/load.ts";
import { parseToolsLock, TOOLS_LOCK, type ToolsLock } from "../catalog/tools-lock.ts";
import { toolsLockText } from "../catalog/tools-lock-text.ts";
import type { Environment } from "../catalog/types.ts";
import { contractOf } from "../probes/contract/contract.ts";
import { driftOf } from "../probes/contract/drift.ts";
import { hygieneOf } from "../probes/contract/hygiene.ts";
import { environmentOf, localCatalog } from "./catalog.ts";
import { print } from "./output.ts";
import { replaceFile } from "./replace-file.ts";
import { askTools, chosenServers, type ToolsAnswer } from "./tools-ask.ts";
import { type LockedServer, lockTable } from "./tools-text.ts";

interface LockFlags {
  readonly env: string;
  readonly file: string;
  readonly dryRun?: true;
}

const EMPTY: ToolsLock = { version: 1, servers: {} };

/** `rollcall tools lock`: asks the servers and writes the lock file; with `--dry-run` it writes nothing. */
export function toolsLockCommand(): Command {
  return new Command("lock")
    .description("ask servers for their tools and write the lock; changes that file only")
    .argument("[server...]", "servers of the environment; all when none is named")
    .option("--env <env>", "environment", "local")
    .option("--file <file>", "the lock", TOOLS_LOCK)
    .option("--dry-run", "print what would change and write nothing")
    .action(async (names: string[], { env, file, dryRun }: LockFlags) => {
      const environment = withoutLock(env);
      const path = resolve(file);
      const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
      const lock = before === undefined ? EMPTY : parseToolsLock(file, before);
      const answers = await askTools(environment, chosenServers(environment, names));
      const text = toolsLockText(merged(lock, answers));
      const changed = text !== before;
      if (changed && dryRun !== true) replaceFile(path, text);
      print(lockTable({ file, changed, dryRun: dryRun === true, servers: lockedServers(lock, answers) }));
    });
}

/** The environment without its lock, which may be what is broken and about to be written anew. */
function withoutLock(name: string): Environment {
  const source = localCatalog();
  if (!source.exists(`stacks/${name}.yaml`)) return environmentOf(name);
  const read = (path: string): string | undefined => (path === TOOLS_LOCK ? undefined : source.read(path));
  return loadEnvironment({ ...source, read }, name);
}

/**
 * The lock with the servers that answered; those that were not asked keep their entry, those that the catalog
 * no longer has lose theirs. @throws RollcallError (unavailable) that names each server that could not be read.
 */
function merged(lock: ToolsLock, answers: readonly ToolsAnswer[]): ToolsLock {
  const problems = answers.flatMap((answer) => (answer.list === null ? [unread(answer, answers)] : []));
  if (problems.length > 0) {
    const { code, exitCode } = unavailableError({ place: "", rule: "", cure: "" });
    throw new RollcallError({ code, exitCode, problems });
  }
  const files = localCatalog().list("stacks/servers");
  const kept = Object.entries(lock.servers).filter(([name]) => files.includes(`${name}.yaml`));
  const servers = new Map(kept);
  for (const answer of answers)
    if (answer.list !== null)
      servers.set(answer.server.name, contractOf(answer.list, answer.protocolVersion));
  return { version: 1, servers: Object.fromEntries(servers) };
}

function unread(
  { server, failure }: Extract<ToolsAnswer, { list: null }>,
  answers: readonly ToolsAnswer[],
): Problem {
  const others = answers.filter(({ list }) => list !== null).map((one) => one.server.name);
  const without =
    others.length === 0 ? "" : `, or name the others: \`rollcall tools lock ${others.join(" ")}\``;
  return {
    place: server.name,
    path: "",
    rule: `its tools cannot be read (${failure}), so nothing was written`,
    cure: `see \`rollcall check ${server.name}\`${without}`,
  };
}

function lockedServers(lock: ToolsLock, answers: readonly ToolsAnswer[]): LockedServer[] {
  return answers.flatMap((answer) => {
    if (answer.list === null) return [];
    const { server, list, era } = answer;
    const before = lock.servers[server.name];
    const { findings, approximateTokens } = hygieneOf({
      list,
      era,
      needsCredentials: server.credentials !== null,
    });
    const drift = before === undefined ? null : driftOf(before, list);
    return [{ server: server.name, tools: list.tools.length, approximateTokens, drift, findings }];
  });
}
