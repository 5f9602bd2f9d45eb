import { createRequire } from "node:module";
import { join } from "node:path";
import { NODE, ROOT, run } from "./cli.ts";
import { asRecord } from "./json.ts";
import { ONLY_HERE } from "./servers.ts";

const SUITE = createRequire(import.meta.url)
  .resolve("@modelcontextprotocol/conformance/package.json")
  .replace(/package\.json$/, "dist/index.js");
const CLIENT = join(ROOT, "test", "support", "conformance-client.ts");
const TIMEOUT_MS = 60_000;

/** The names of the suite's scenarios for clients. */
export async function clientScenarios(): Promise<readonly string[]> {
  const { stdout } = await run(NODE, [SUITE, "list"]);
  const [, clients = ""] = stdout.split(/^Client scenarios.*$/m);
  return [...clients.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name ?? "");
}

export interface Judgement {
  readonly scenario: string;
  /** Ids of the checks that passed and failed, each once, in order. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** What the suite and the client printed. */
  readonly log: string;
}

/** Runs one scenario against the probe; the suite's servers listen on this machine only. */
export async function judgeScenario(scenario: string): Promise<Judgement> {
  const command = `${NODE} --disable-warning=ExperimentalWarning ${CLIENT}`;
  const options = [
    "--command",
    command,
    "--scenario",
    scenario,
    "--timeout",
    String(TIMEOUT_MS),
    "--verbose",
  ];
  const { stdout, stderr } = await run(NODE, ["--import", ONLY_HERE, SUITE, "client", ...options]);
  const checks: readonly unknown[] = JSON.parse(stdout);
  const withStatus = (status: string): string[] => {
    const ids = checks.map(asRecord).filter((check) => check.status === status);
    return [...new Set(ids.map(({ id }) => String(id)))].sort((a, b) => (a < b ? -1 : 1));
  };
  return {
    scenario,
    passed: withStatus("SUCCESS"),
    failed: [...withStatus("FAILURE"), ...withStatus("WARNING")],
    log: stderr,
  };
}
