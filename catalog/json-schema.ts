import { z } from "zod";
import { environmentFile } from "./environment.ts";
import { serverFile } from "./server.ts";
import { sharedFile } from "./shared.ts";
import { TOOLS_LOCK, toolsLockFile } from "./tools-lock.ts";

export const FILES = {
  server: { schema: serverFile, where: "stacks/servers/<name>.yaml", title: "A server" },
  shared: { schema: sharedFile, where: "stacks/shared.yaml", title: "What every environment shares" },
  environment: { schema: environmentFile, where: "stacks/<environment>.yaml", title: "An environment" },
  "tools-lock": { schema: toolsLockFile, where: TOOLS_LOCK, title: "The reviewed tools" },
} as const;

export type FileKind = keyof typeof FILES;

/** The JSON Schemas that each YAML file of the catalog names in its first line, for editors. */
export function jsonSchemas(): Record<FileKind, Record<string, unknown>> {
  const entries = Object.entries(FILES).map(([kind, { schema, title }]) => [
    kind,
    {
      ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
      title: `Rollcall: ${title.toLowerCase()}`,
    },
  ]);
  return Object.fromEntries(entries) as Record<FileKind, Record<string, unknown>>;
}
