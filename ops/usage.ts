import type { CommanderError } from "commander";
import { messageOf, type RollcallError, usageError } from "../catalog/errors.ts";

/** A refused option value, as commander words it: which one, what was given, and the reason of its parser. */
const INVALID =
  /^(?:option|command-argument value) '(--[\w-]+)?[^']*'(?: argument '(.*?)')? is invalid\. (.*?)\.?$/s;
const CHOICES = /^Allowed choices are (.*)$/;
const SUGGESTION = /\(Did you mean (?:one of )?(.*?)\?\)/;

/** Commander's own errors in the one shape that errors have here: place, rule and cure (exit 64). */
export function commandLineError(
  error: CommanderError,
  args: readonly string[],
  commands: readonly string[],
): RollcallError {
  const command = args.find((arg) => commands.includes(arg));
  const help = `see \`rollcall ${command === undefined ? "" : `${command} `}--help\``;
  const place = command === undefined ? "rollcall" : `rollcall ${command}`;
  if (error.code === "commander.help")
    return usageError({ place, rule: "no command was given", cure: `name one of ${commands.join(", ")}` });
  const message = messageOf(error).replace(/^error: /, "");
  const [, option, given = "", reason = ""] = INVALID.exec(message) ?? [];
  if (option !== undefined) {
    const [rule = "", example] = reason.replace(CHOICES, "must be one of $1").split(", such as ");
    return usageError({
      place: `${option} ${given}`.trimEnd(),
      rule,
      cure: example === undefined ? help : `write it such as ${example}`,
    });
  }
  const near = SUGGESTION.exec(message)?.[1];
  const rule = (message.split("\n")[0] ?? "").replace(/\.$/, "");
  if (error.code === "commander.unknownCommand")
    return usageError({
      place,
      rule,
      cure: near === undefined ? `name one of ${commands.join(", ")}` : `write ${near}`,
    });
  return usageError({ place, rule, cure: near === undefined ? help : `write ${near}, or ${help}` });
}
