import type { SecretRef } from "../../catalog/secrets.ts";
import { TOOLS_LOCK } from "../../catalog/tools-lock.ts";
import type { Environment, Server } from "../../catalog/types.ts";
import type { Plan } from "../../plan/types.ts";
import { type Gathered, jsonPiece, textPiece } from "./piece.ts";

/** Where the texts of the catalog lie in a backup, by their own paths. */
export const CATALOG_FOLDER = "catalog/";
export const DESKTOP_FILE = "servers/claude_desktop_config.json";
export const PLAN_FILE = "plan.json";

/** What a backup takes from the catalog: its texts, the tool contract, and what follows from them. */
export function catalogSources(input: {
  readonly texts: ReadonlyMap<string, string>;
  readonly environment: Environment;
  readonly plan: Plan;
}): Gathered[] {
  const { environment, plan } = input;
  const texts = [...input.texts];
  const pieces = (source: "catalog" | "contract", chosen: typeof texts) => async () =>
    chosen.map(([path, text]) => textPiece(source, `${CATALOG_FOLDER}${path}`, text));
  return [
    {
      source: "catalog",
      pieces: pieces(
        "catalog",
        texts.filter(([path]) => path !== TOOLS_LOCK),
      ),
    },
    {
      source: "contract",
      pieces: pieces(
        "contract",
        texts.filter(([path]) => path === TOOLS_LOCK),
      ),
    },
    {
      source: "servers",
      pieces: async () => [
        jsonPiece("servers", "servers/workloads.json", plan.workloads),
        jsonPiece("servers", "servers/probe.json", plan.probe),
      ],
    },
    {
      source: "desktop",
      pieces: async () => [jsonPiece("desktop", DESKTOP_FILE, desktopFile(environment))],
    },
    { source: "plan", pieces: async () => [jsonPiece("plan", PLAN_FILE, plan)] },
  ];
}

/** A Claude Desktop file of every server; a secret stands in it as `${NAME}` of the variable that it belongs into. */
export function desktopFile({ servers }: Pick<Environment, "servers">): {
  readonly mcpServers: Readonly<Record<string, unknown>>;
} {
  return { mcpServers: Object.fromEntries(servers.map((server) => [server.name, desktopEntry(server)])) };
}

function desktopEntry({ run, transport, endpoints }: Server): unknown {
  const url = endpoints.aws?.mcp ?? endpoints.cluster?.mcp ?? endpoints.local?.mcp ?? null;
  if (transport !== "stdio" && url !== null) return { type: transport === "sse" ? "sse" : "http", url };
  const env = Object.entries(run?.env ?? {}).map(([name, value]) => [name, withoutSecret(name, value)]);
  return {
    command: run?.package === undefined ? (run?.command ?? "") : "npx",
    args: [...(run?.package === undefined ? [] : ["-y", run.package]), ...(run?.args ?? [])],
    ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
  };
}

function withoutSecret(name: string, value: string | SecretRef): string {
  return typeof value === "string" ? value : `\${${name}}`;
}
