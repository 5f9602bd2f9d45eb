import { Command, Option } from "commander";
import { catalogError } from "../catalog/errors.ts";
import { environmentOf, problemsOf } from "./catalog.ts";
import { print, printJson, table } from "./output.ts";

/** `rollcall validate [env…]`: checks the catalog and reports every problem at once. Changes nothing. */
export function validateCommand(): Command {
  return new Command("validate")
    .description("check the catalog; every problem is reported with its place and its cure (exit 65)")
    .argument("[env...]", "environments to check; all when none is named")
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .action((names: string[], options: { format: string }) => {
      const { environments, problems } = problemsOf(names);
      if (problems.length > 0) throw catalogError(problems);
      const loaded = environments.map(environmentOf);
      if (options.format === "json") {
        printJson({
          valid: true,
          environments: loaded.map(({ name, digest, servers }) => ({
            environment: name,
            catalog: digest,
            servers: servers.length,
          })),
        });
        return;
      }
      print(
        table(
          loaded.map(({ name, digest, servers }) => [
            name,
            "valid",
            `${servers.length} servers`,
            `catalog ${digest}`,
          ]),
        ),
      );
    });
}
