import { createHash } from "node:crypto";

/** Longest uid that Grafana takes. */
const MAX_UID = 40;

/** The dashboards of all servers; their addresses stand in the handbooks, so no environment is in them. */
export const FLEET_UIDS = {
  overview: "mcp-overview",
  performance: "mcp-performance",
  resources: "system-resources",
} as const;

/** The dashboards that a server can have of its own. */
export const PARTS = ["overview", "api", "infrastructure", "security"] as const;
export type Part = (typeof PARTS)[number];

/** `task-mcp-overview`; a name that is too long, in capitals, or taken by all servers, is cut and told by a hash. */
export function uidOf(server: string, part: Part): string {
  const plain = `${server}-${part}`;
  const taken: readonly string[] = Object.values(FLEET_UIDS);
  if (/^[a-z0-9][a-z0-9-]*$/.test(plain) && plain.length <= MAX_UID && !taken.includes(plain)) return plain;
  const hash = createHash("sha256").update(server).digest("hex").slice(0, 8);
  const rest = `-${hash}-${part}`;
  const slug = server.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return `${slug.replace(/^-/, "").slice(0, MAX_UID - rest.length)}${rest}`.replace(/^-/, "");
}
