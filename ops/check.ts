import { Command, InvalidArgumentError, Option } from "commander";
import { EXIT, usageError } from "../catalog/errors.ts";
import type { CheckTarget } from "../catalog/target.ts";
import { duration } from "../catalog/units.ts";
import { check } from "../probes/check.ts";
import type { CheckResult, Status } from "../probes/result.ts";
import { environmentOf } from "./catalog.ts";
import { checkTable } from "./check-table.ts";
import { prepareTargets } from "./check-targets.ts";
import { readDesktopFile } from "./desktop-file.ts";
import { print, printJson } from "./output.ts";
import { endOnSignals } from "./signals.ts";

interface CheckFlags {
  readonly all?: true;
  readonly env: string;
  readonly url?: string;
  readonly rest?: string;
  readonly desktop?: string;
  readonly timeout?: number;
  readonly allowPrivate?: true;
  readonly format: "table" | "json";
}

/** The deadline of a check of an address that no catalog describes. */
const DEFAULT_TIMEOUT_MS = 5_000;
/** A command that is started for the check needs its own time first. */
const STDIO_TIMEOUT_MS = 20_000;
/** The verdict of several servers is the worst one; a doubt is less than a known failure. */
const WORST_FIRST: readonly Status[] = ["unhealthy", "degraded", "unknown", "healthy"];

/** `rollcall check`: asks servers now and exits with their health. Changes nothing. */
export function checkCommand(): Command {
  return new Command("check")
    .description("check servers now; exits 0 healthy, 1 degraded, 2 unhealthy, 3 unknown")
    .argument("[server...]", "servers of the catalog")
    .option("--all", "every server of the environment")
    .option("--env <env>", "environment", "local")
    .option("--url <mcp>", "an MCP address that is in no catalog", httpUrl)
    .option("--rest <health>", "its REST health address", httpUrl)
    .option("--desktop <file>", "the servers of a Claude Desktop file, instead of the catalog's")
    .option("--timeout <duration>", "deadline of each check, such as 5s", milliseconds)
    .option("--allow-private", "ask private and link-local addresses too")
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .action(async (servers: string[], flags: CheckFlags) => {
      endOnSignals();
      const results = await checkAsked(servers, flags);
      const [only] = results;
      if (flags.format === "table") print(checkTable(results));
      else
        printJson(results.length === 1 && flags.all !== true && flags.desktop === undefined ? only : results);
      const worst = WORST_FIRST.find((status) => results.some((result) => result.status === status));
      // a name lookup that never ends cannot be aborted, and would keep the process alive past its bound
      await flushed(process.stdout);
      process.exit(EXIT[worst ?? "unknown"]);
    });
}

function checkAsked(servers: readonly string[], flags: CheckFlags): Promise<CheckResult[]> {
  if (flags.url !== undefined || flags.rest !== undefined) return checkAddress(servers, flags);
  return flags.desktop === undefined
    ? checkCatalog(servers, flags)
    : checkDesktop(flags.desktop, servers, flags);
}

async function checkDesktop(
  file: string,
  names: readonly string[],
  flags: CheckFlags,
): Promise<CheckResult[]> {
  const { targets, secretsOf } = readDesktopFile(file, flags.timeout ?? STDIO_TIMEOUT_MS);
  const known = targets.map(({ server }) => server);
  refuseUnknown(names, known, file);
  const chosen = targets.filter(({ server }) => names.length === 0 || names.includes(server));
  const checks = chosen.map((target) =>
    check(target, { allowLoopback: true, secrets: secretsOf(target.server) }),
  );
  return (await Promise.all(checks)).map(({ result }) => result);
}

function refuseUnknown(names: readonly string[], known: readonly string[], where: string): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw usageError({
    place: unknown,
    rule: `there is no server of this name in ${where}`,
    cure: `name one of ${known.join(", ")}`,
  });
}

async function checkAddress(servers: readonly string[], flags: CheckFlags): Promise<CheckResult[]> {
  if (servers.length > 0 || flags.all === true) {
    throw usageError({
      place: "--url",
      rule: "goes with no server of the catalog",
      cure: "name servers, or an address, not both",
    });
  }
  const address = flags.url ?? flags.rest ?? "";
  const target: CheckTarget = {
    server: new URL(address).host,
    mcp: flags.url === undefined ? null : { transport: "streamable-http", url: flags.url },
    rest: flags.rest === undefined ? null : { url: flags.rest },
    timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
    requiredTools: [],
    allowPrivate: flags.allowPrivate === true,
  };
  const { result } = await check(target, { allowLoopback: true });
  return [result];
}

async function checkCatalog(names: readonly string[], flags: CheckFlags): Promise<CheckResult[]> {
  if (names.length === 0 && flags.all !== true) {
    throw usageError({
      place: "rollcall check",
      rule: "no server is named",
      cure: "name servers, or use --all, or --url with an address",
    });
  }
  const environment = environmentOf(flags.env);
  refuseUnknown(
    names,
    environment.servers.map(({ name }) => name),
    environment.name,
  );
  const chosen = environment.servers.filter(({ name }) => flags.all === true || names.includes(name));
  const prepared = await prepareTargets(environment, chosen);
  try {
    const checks = prepared.targets.map((target) =>
      check({ ...target, timeoutMs: flags.timeout ?? target.timeoutMs }, { allowLoopback: true }),
    );
    return (await Promise.all(checks)).map(({ result }) => result);
  } finally {
    await prepared.release();
  }
}

function milliseconds(text: string): number {
  const parsed = duration.safeParse(text);
  if (!parsed.success)
    throw new InvalidArgumentError("must be a duration with its unit, such as 500ms or 5s.");
  if (parsed.data <= 0) throw new InvalidArgumentError("must be longer than 0, such as 5s.");
  return parsed.data;
}

function httpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError("must be an http or https address.");
  const { username, password } = new URL(text);
  if (username !== "" || password !== "") {
    throw new InvalidArgumentError(
      "must hold no user name and no password: they would stand in the list of processes.",
    );
  }
  return text;
}

/** Resolves when everything written so far has been handed to the system. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => stream.write("", () => done()));
}
