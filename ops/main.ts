import { Command, CommanderError } from "commander";
import { EXIT, messageOf, RollcallError } from "../catalog/errors.ts";
import { checkCommand } from "./check.ts";
import { drillCommand } from "./drill.ts";
import { reportError } from "./output.ts";
import { planCommand } from "./plan.ts";
import { upCommand } from "./up.ts";
import { validateCommand } from "./validate.ts";

/** Runs the command line and sets the exit code; nothing that a person can mend is printed with a stack trace. */
export async function main(args: readonly string[]): Promise<void> {
  const program = buildProgram();
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (error instanceof CommanderError && error.exitCode === 0) return;
    reportError(translate(error), { json: asksForJson(args), debug: args.includes("--debug") });
  }
}

export function buildProgram(): Command {
  const program = new Command("rollcall")
    .description("Monitoring for MCP servers as reviewed code")
    .option("--debug", "print stack traces")
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .addHelpText(
      "after",
      "\nExit codes: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown, 64 usage, 65 bad catalog, 69 unavailable, 70 internal",
    );
  for (const command of [checkCommand(), validateCommand(), planCommand(), upCommand(), drillCommand()]) {
    program.addCommand(
      command
        .option("--debug", "print stack traces")
        .exitOverride()
        .configureOutput({ outputError: () => undefined }),
    );
  }
  return program;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  return error instanceof RollcallError ? error.exitCode : EXIT.internal;
}

/** Commander's own errors in the one shape that errors have here. */
function translate(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === "commander.help") {
    return usage("no command was given");
  }
  return usage(
    messageOf(error)
      .replace(/^error: /, "")
      .replaceAll("\n", " "),
  );
}

function usage(rule: string): RollcallError {
  const problems = [{ place: "command line", path: "", rule, cure: "see `rollcall --help`" }];
  return new RollcallError({ code: "USAGE", exitCode: EXIT.usage, problems });
}

function asksForJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === "--format=json" || (arg === "--format" && args[index + 1] === "json"),
  );
}
