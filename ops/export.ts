import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { messageOf, unavailableError, usageError } from "../catalog/errors.ts";
import { makeFolder } from "../monitor/make-folder.ts";
import { environmentOf } from "./catalog.ts";
import type { ExportedFile, ExportName } from "./export-formats.ts";
import { print } from "./output.ts";
import { replaceFile } from "./replace-file.ts";

const NAMES = [
  "openslo",
  "prometheus",
  "alertmanager",
  "grafana",
  "cloudwatch",
  "kubernetes",
] as const satisfies readonly ExportName[];

interface ExportFlags {
  readonly as: ExportName;
  readonly out?: string;
}

/** `rollcall export <env>`: what other programs read. Pure and offline; writes files only with --out. */
export function exportCommand(): Command {
  return new Command("export")
    .description("print an environment's promises, rules or alarms as other programs read them")
    .argument("<env>", "environment")
    .addOption(new Option("--as <form>", "what to print").choices(NAMES).makeOptionMandatory())
    .option("--out <folder>", "write files into this folder instead of printing")
    .action(async (name: string, { as, out }: ExportFlags) => {
      // what writes the forms is loaded for this command only
      const { exported } = await import("./export-formats.ts");
      const { files, text } = exported(environmentOf(name), as);
      if (out === undefined) return print(text.trimEnd());
      writeAll(out, files);
    });
}

/** Refuses everything before it writes anything. */
function writeAll(folder: string, files: readonly ExportedFile[]): void {
  const wanted = files.map((file) => ({ ...file, path: join(folder, file.name) }));
  const present = wanted.map((file) => ({ ...file, before: textAt(file.path) }));
  const foreign = present.find(({ before, isOurs }) => before !== undefined && !isOurs(before));
  if (foreign !== undefined) {
    throw usageError({
      place: foreign.path,
      rule: "is there already, and `rollcall export` did not write it",
      cure: "name another folder with --out, or move the file away",
    });
  }
  for (const { path, text, before } of present) {
    if (text === before) continue;
    makeOutput(dirname(path));
    replaceFile(path, text);
  }
  for (const { path, text, before } of present)
    print(`${path} ${text === before ? "is up to date" : "written"}`);
}

function textAt(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unwritable(path, error);
  }
}

function makeOutput(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function unwritable(place: string, error: unknown): Error {
  const rule = `cannot be written (${messageOf(error)})`;
  return unavailableError({ place, rule, cure: "name a folder of yours with --out" }, error);
}
