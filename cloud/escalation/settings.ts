import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { usageError } from "../../catalog/errors.ts";

/** A setting of a function, from its environment. @throws RollcallError that names a missing one */
export function setting(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  throw usageError({
    place: name,
    rule: "is not set",
    cure: "set it in the environment of the function, as components/escalation.ts does",
  });
}

/** What the plan decided for a function: a JSON file that lies beside its bundle. */
export function beside(file: string): unknown {
  return JSON.parse(readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8"));
}

/** The settings of the table, which every function has. */
export function tableSettings(): { readonly table: string; readonly keepDays: number } {
  return { table: setting("ROLLCALL_INCIDENTS"), keepDays: Number(setting("ROLLCALL_KEEP_DAYS")) };
}
