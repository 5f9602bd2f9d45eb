import { Command } from "commander";
import { catalogError } from "../catalog/errors.ts";
import { parseJson, readBytes } from "./json-file.ts";
import { printJson } from "./output.ts";
import { type Recovered, recoverPending } from "./pending-creates.ts";

/** `rollcall recover <file>`: prints an exported stack in which an interrupted `pulumi up` can go on. Changes nothing. */
export function recoverCommand(): Command {
  return new Command("recover")
    .description("take over, in an exported stack, what an interrupted `pulumi up` made and did not record")
    .argument("<file>", "what `pulumi stack export --file` wrote")
    .action((file: string) => {
      const recovered = recoverPending(parseJson(readBytes(file), { place: file, path: "" }));
      if (recovered === undefined) {
        const cure = "name a file of `pulumi stack export --file`";
        throw catalogError([{ place: file, path: "deployment", rule: "is no export of a stack", cure }]);
      }
      process.stderr.write(recoveryText(recovered));
      printJson(recovered.state);
    });
}

/** What was found, a line each. */
export function recoveryText({ taken, repeated, lost }: Recovered): string {
  const lines = [
    ...taken.map((urn) => `taken over, for pulumi refresh to look for: ${urn}`),
    ...repeated.map((urn) => `left to the next pulumi up: ${urn}`),
    ...lost.map(
      ({ urn, id }) => `to look for by hand, ${id === null ? "its id is not recorded" : `as ${id}`}: ${urn}`,
    ),
  ];
  return lines.map((line) => `${line}\n`).join("") || "nothing was being made\n";
}
