import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../../", import.meta.url).pathname;
const nameOf = (nth: number): string => `server-${String(nth + 1).padStart(4, "0")}`;

/** A server that is only watched, at an address of its own. */
const WATCHED = (
  name: string,
): string => `mcp: { transport: streamable-http, url: "https://${name}.mcp.example.com/mcp" }
objectives:
  availability: { sli: mcp, objective: 99.9%, window: 30d }
`;

/** A server that runs in the cluster, with health pages, two promises and all four burn rates. */
export const DEPLOYED = (name: string): string => `mcp: { transport: streamable-http }
rest: { live: /health/live, ready: /health/ready }
kubernetes:
  image: registry.example.com/${name}@sha256:${"0123456789abcdef".repeat(4)}
  port: 3000
  replicas: 2..4
objectives:
  availability: { sli: mcp, objective: 99.9%, window: 30d }
  latency-p95: { sli: latency, percentile: 95, below: 500ms }
`;

/** A catalog of as many servers, each with one promise of 99.9 %; everything they share is production's. */
export function writeCatalog(folder: string, servers: number, kind = WATCHED): void {
  mkdirSync(join(folder, "stacks", "servers"), { recursive: true });
  cpSync(join(ROOT, "stacks", "shared.yaml"), join(folder, "stacks", "shared.yaml"));
  // every runbook must be there
  cpSync(join(ROOT, "docs", "runbooks"), join(folder, "docs", "runbooks"), { recursive: true });
  const production = readFileSync(join(ROOT, "stacks", "production.yaml"), "utf8");
  // what it overrides are its own servers
  writeFileSync(
    join(folder, "stacks", "production.yaml"),
    production.replace(/^override:\n(?: .*\n?)*/m, ""),
  );
  for (let nth = 0; nth < servers; nth += 1)
    writeFileSync(join(folder, "stacks", "servers", `${nameOf(nth)}.yaml`), serverFile(nameOf(nth), kind));
}

function serverFile(name: string, kind: (name: string) => string): string {
  return `server: ${name}\ndescription: Server of the benchmark\nowner: operations\n${kind(name)}`;
}

/** The same promises for Sloth, one document for each in one file, which it reads faster than a folder. */
export function writeSlothSpecs(file: string, servers: number): void {
  writeFileSync(file, Array.from({ length: servers }, (_, nth) => slothSpec(nameOf(nth))).join("---\n"));
}

function slothSpec(name: string): string {
  const gauge = `mcp_probe_success{environment="production",server="${name}",path="mcp"}`;
  return `version: prometheus/v1
service: ${name}
slos:
  - name: availability
    objective: 99.9
    description: Server of the benchmark
    sli:
      raw:
        error_ratio_query: 1 - avg by (environment, server) (avg_over_time(${gauge}[{{.window}}]))
    alerting:
      name: MCPErrorBudget
      page_alert:
        labels: { severity: critical }
      ticket_alert:
        labels: { severity: medium }
`;
}
