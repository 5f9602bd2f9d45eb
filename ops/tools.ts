import { Command } from "commander";
import { usageError } from "../catalog/errors.ts";
import { toolsDiffCommand } from "./tools-diff.ts";
import { toolsLockCommand } from "./tools-lock.ts";

/** `rollcall tools`: the tools that the servers offer, held to what was reviewed. */
export function toolsCommand(): Command {
  return new Command("tools")
    .description("lock what tools the servers offer, and find what has changed since")
    .argument("[command]", "lock or diff")
    .action((command?: string) => {
      const rule = command === undefined ? "no command was given" : `unknown command '${command}'`;
      throw usageError({ place: "rollcall tools", rule, cure: "name one of lock, diff" });
    })
    .addCommand(asPart(toolsLockCommand()))
    .addCommand(asPart(toolsDiffCommand()));
}

/** What `main` gives each command of its own. */
function asPart(command: Command): Command {
  return command
    .option("--debug", "print stack traces")
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
}
