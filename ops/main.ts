import { Command, CommanderError } from "commander";
import { EXIT, RollcallError, unavailableError } from "../catalog/errors.ts";
import { checkCommand } from "./check.ts";
import { drillCommand } from "./drill.ts";
import { escalationCommand } from "./escalation.ts";
import { exportCommand } from "./export.ts";
import { muteCommand } from "./mute.ts";
import { reportError } from "./output.ts";
import { planCommand } from "./plan.ts";
import { recoverCommand } from "./recover.ts";
import { replayCommand } from "./replay.ts";
import { sloCommand } from "./slo.ts";
import { toolsCommand } from "./tools.ts";
import { upCommand } from "./up.ts";
import { commandLineError } from "./usage.ts";
import { validateCommand } from "./validate.ts";

/** Runs the command line and sets the exit code; nothing that a person can mend is printed with a stack trace. */
export async function main(args: readonly string[]): Promise<void> {
  const program = buildProgram();
  const style = { json: asksForJson(args), debug: args.includes("--debug") };
  process.stdout.on("error", (error) => outputFailed(error, style));
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (error instanceof CommanderError && error.exitCode === 0) return;
    const commands = program.commands.map((command) => command.name());
    const reported = error instanceof CommanderError ? commandLineError(error, args, commands) : error;
    reportError(reported, style);
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
  for (const command of [
    checkCommand(),
    validateCommand(),
    planCommand(),
    replayCommand(),
    sloCommand(),
    exportCommand(),
    toolsCommand(),
    upCommand(),
    drillCommand(),
    escalationCommand(),
    muteCommand(),
    recoverCommand(),
  ]) {
    program.addCommand(
      command
        .option("--debug", "print stack traces")
        .exitOverride()
        .configureOutput({ outputError: () => undefined }),
    );
  }
  return program;
}

/**
 * A reader that has seen enough, as in `rollcall plan production | head`, is no error and changes no verdict; a
 * disk that is full is one.
 */
function outputFailed(error: NodeJS.ErrnoException, style: Parameters<typeof reportError>[1]): void {
  if (error.code === "EPIPE") return;
  const rule = `cannot be written (${error.message})`;
  reportError(unavailableError({ place: "standard output", rule, cure: "send it elsewhere" }, error), style);
  process.exit(EXIT.unavailable);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  return error instanceof RollcallError ? error.exitCode : EXIT.internal;
}

function asksForJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === "--format=json" || (arg === "--format" && args[index + 1] === "json"),
  );
}
