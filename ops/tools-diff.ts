import { Command, Option } from "commander";
import { catalogError, EXIT } from "../catalog/errors.ts";
import { parseToolsLock, TOOLS_LOCK, type ToolsLock } from "../catalog/tools-lock.ts";
import type { Server } from "../catalog/types.ts";
import { type Drift, driftOf } from "../probes/contract/drift.ts";
import { environmentOf, localCatalog } from "./catalog.ts";
import { print, printJson } from "./output.ts";
import { askTools, chosenServers, type ToolsAnswer } from "./tools-ask.ts";
import { type ComparedServer, toolsMarkdown, toolsTable } from "./tools-text.ts";

interface DiffFlags {
  readonly env: string;
  readonly format: "table" | "json" | "markdown";
}

/** `rollcall tools diff`: compares what the servers offer with the lock. Changes nothing. */
export function toolsDiffCommand(): Command {
  return new Command("diff")
    .description(
      "compare tools with the lock, changing nothing; exits 0 same, 1 additive or wording, 2 breaking or missing, 3 not asked",
    )
    .argument("[server...]", "servers of the environment; all that are locked when none is named")
    .option("--env <env>", "environment", "local")
    .addOption(
      new Option("--format <format>", "how to print").choices(["table", "json", "markdown"]).default("table"),
    )
    .action(async (names: string[], { env, format }: DiffFlags) => {
      const environment = environmentOf(env);
      const lock = parseToolsLock(TOOLS_LOCK, localCatalog().read(TOOLS_LOCK));
      const servers = chosenServers(environment, names);
      const compared = servers.filter(({ contract }) => contract !== null);
      assertLocked({ lock, servers: names.length > 0 || compared.length === 0 ? servers : compared });
      const answers = await askTools(environment, compared);
      const results = answers.map(comparedServer);
      if (format === "json") printJson({ environment: environment.name, servers: results });
      else print(format === "markdown" ? toolsMarkdown(results) : toolsTable(results));
      process.exitCode = exitCodeOf(results);
    });
}

function comparedServer(answer: ToolsAnswer): ComparedServer {
  const { server, list } = answer;
  if (list === null) return { server: server.name, tools: null, drift: [], failure: answer.failure };
  const drift = server.contract === null ? [] : driftOf(server.contract, list);
  return { server: server.name, tools: list.tools.length, drift, failure: null };
}

function assertLocked({
  lock,
  servers,
}: {
  readonly lock: ToolsLock;
  readonly servers: readonly Server[];
}): void {
  const problems = servers
    .filter(({ contract }) => contract === null)
    .map(({ name }) =>
      lock.servers[name] === undefined
        ? {
            place: TOOLS_LOCK,
            path: `servers.${name}`,
            rule: "the tools of this server are not locked",
            cure: `run \`rollcall tools lock ${name}\``,
          }
        : {
            place: `stacks/servers/${name}.yaml`,
            path: "tools.contract",
            rule: "this server asks not to be compared",
            cure: "take `contract: false` out, or name other servers",
          },
    );
  if (problems.length > 0) throw catalogError(problems);
}

/** A known danger counts more than a doubt, a doubt more than a harmless change. */
function exitCodeOf(results: readonly ComparedServer[]): number {
  const drift: readonly Drift[] = results.flatMap((one) => one.drift);
  if (drift.some(({ kind }) => kind === "missing" || kind === "breaking")) return EXIT.unhealthy;
  if (results.some(({ failure }) => failure !== null)) return EXIT.unknown;
  return drift.length > 0 ? EXIT.degraded : EXIT.healthy;
}
