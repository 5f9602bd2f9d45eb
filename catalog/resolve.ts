import { createHash } from "node:crypto";
import type { EnvironmentFile } from "./environment.ts";
import type { Problem } from "./errors.ts";
import type { Layered } from "./merge.ts";
import { checkClaims } from "./resolve-claims.ts";
import { resolveMaintenance } from "./resolve-maintenance.ts";
import { resolveServer, type ServerEntry } from "./resolve-server.ts";
import { SEVERITIES, SEVERITY_PREFIX, type SharedFile, severityEscalation } from "./shared.ts";
import type { Environment, Escalation } from "./types.ts";
import { formatPath, type Path } from "./yaml.ts";

const CLOUD_RESOLUTION_SECONDS = 60;

interface ResolveInput {
  readonly header: EnvironmentFile;
  readonly shared: SharedFile;
  readonly sharedPlace: Layered;
  readonly servers: readonly ServerEntry[];
  /** Everything that does not fit together is added here. */
  readonly problems: Problem[];
}

/** Fills all defaults and resolves all names; what does not resolve is added to `problems`. */
export function resolveEnvironment(input: ResolveInput): Environment {
  const { header, shared, servers, problems } = input;
  checkShared(input);
  const resolved = servers.map((entry) =>
    resolveServer({ entry, header, shared, sharedPlace: input.sharedPlace, problems }),
  );
  const address = header.platform === "cloud" ? header.kubernetes.address : undefined;
  checkClaims({ servers: resolved, entries: servers, address, problems });
  const content = {
    name: header.environment,
    platform: header.platform,
    resolutionSeconds: header.platform === "local" ? header.resolution / 1_000 : CLOUD_RESOLUTION_SECONDS,
    servers: resolved,
    contacts: shared.contacts,
    escalations: [
      ...Object.entries(shared.escalations).map(([name, { levels }]) => escalation(name, levels)),
      ...severityEscalations(shared),
    ],
    defaultEscalation: shared.defaults.escalation,
    severities: shared.severities,
    families: shared.families,
    burnRates: Object.entries(shared.burnRates).map(([name, rate]) => ({ name, ...rate })),
    budgetPolicy: Object.entries(shared.budgetPolicy)
      .map(([name, policy]) => ({ name, ...policy }))
      .sort((a, b) => a.spent - b.spent),
    logEvents: Object.entries(shared.logEvents).map(([name, event]) => ({ name, ...event })),
    maintenance: resolveMaintenance(header, resolved),
    fold: header.fold,
    control: header.control,
    pace: header.pace,
    deployTimeout: header.deploy.timeout,
    retention: header.retention,
    backup: header.platform === "cloud" ? header.backup : null,
    status: header.platform === "cloud" ? header.status : null,
    costCeiling: header.platform === "cloud" ? (header.cost?.ceiling ?? null) : null,
    aws: header.platform === "cloud" ? header.aws : null,
    kubernetes: header.platform === "cloud" ? header.kubernetes : null,
    webhook: header.platform === "local" ? (header.webhook ?? null) : null,
  };
  return { ...content, digest: digestOf(content) };
}

function escalation(name: string, levels: SharedFile["escalations"][string]["levels"]): Escalation {
  const ordered = Object.entries(levels).map(([level, value]) => ({ name: level, ...value }));
  return { name, levels: ordered.sort((a, b) => a.after - b.after) };
}

/** Who answers for each severity, as ladders of one level: whatever tells people treats them like any other. */
function severityEscalations({ severities }: SharedFile): Escalation[] {
  return SEVERITIES.map((severity) => ({
    name: severityEscalation(severity),
    levels: [{ name: severity, after: 0, ...severities[severity] }],
  }));
}

/** The catalog's identity: what resolves to the same environment has the same digest, however it is written. */
function digestOf(content: unknown): string {
  const places = new Set(["place"]);
  const canonical = JSON.stringify(content, (key, value: unknown) => (places.has(key) ? undefined : value));
  return createHash("sha256").update(canonical).digest("hex").slice(0, 7);
}

/** What a schema cannot say of the shared file. */
function checkShared({ shared, sharedPlace, problems }: ResolveInput): void {
  const refuse = (path: Path, rule: string, cure: string): void => {
    problems.push({ place: sharedPlace.place(path), path: formatPath(path), rule, cure });
  };
  for (const [name, { levels }] of Object.entries(shared.escalations)) {
    const ordered = Object.entries(levels);
    if (name.startsWith(SEVERITY_PREFIX)) {
      refuse(
        ["escalations", name],
        `names that begin with ${SEVERITY_PREFIX} are those of the severities' own ladders`,
        "give it another name; who is told of a severity stands in severities, under tell",
      );
    }
    if (ordered.length === 0) {
      refuse(["escalations", name], "has no level", "add at least one level with after, respond and tell");
    }
    ordered.forEach(([level, { after }], index) => {
      if (after >= (ordered[index - 1]?.[1].after ?? 0)) return;
      const path = ["escalations", name, "levels", level, "after"];
      refuse(path, "comes before the level above it", "write the levels in the order in which they are told");
    });
  }
  for (const [name, { long, short }] of Object.entries(shared.burnRates)) {
    if (short < long) continue;
    refuse(
      ["burnRates", name, "short"],
      "must be shorter than the long window",
      "write about a twelfth of the long window",
    );
  }
}
