import type { z } from "zod";
import type { Problem } from "./errors.ts";
import { isMap } from "./json.ts";
import type { Layered } from "./merge.ts";

/** Plain values for the parts of a file that everything else leans on. */
const PARTS: Readonly<Record<string, unknown>> = {
  defaults: {
    probe: { every: "60s", timeout: "10s", samples: 1, from: ["aws", "cluster"] },
    floor: "2 of 5",
    escalation: "standard",
  },
  retention: { logs: "30d", history: "30d", backups: "30d" },
  resolution: "60s",
  aws: { region: "eu-west-1" },
};

/**
 * A file that is broken in one part, read with that part left out or stood in for: only so that the rest of the
 * catalog can be checked too, and all mistakes are reported at once. Undefined when that is not enough.
 */
export function readAround<T>(
  schema: z.ZodType<T>,
  { value }: Layered,
  problems: readonly Problem[],
): T | undefined {
  if (!isMap(value)) return undefined;
  const patched = problems.reduce((file, { path }) => withoutPart(file, path), value);
  const parsed = schema.safeParse(patched);
  return parsed.success ? parsed.data : undefined;
}

function withoutPart(file: Record<string, unknown>, path: string): Record<string, unknown> {
  const [key = "", inner = ""] = path.split(/[.[]/);
  const { [key]: broken, ...rest } = file;
  if (key in PARTS) return { ...rest, [key]: PARTS[key] };
  // an entry of a map (a contact, a burn rate) goes alone
  if (inner === "" || !isMap(broken)) return rest;
  return { ...rest, [key]: Object.fromEntries(Object.entries(broken).filter(([name]) => name !== inner)) };
}
