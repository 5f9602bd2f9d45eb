import type { Credentials, TlsIdentityRef } from "./credentials.ts";
import type { CloudEnvironmentFile } from "./environment.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import type { SecretRef } from "./secrets.ts";
import type { Objective, RunSpec, Threshold, Workload } from "./server.ts";
import type { BurnRate, Contact, EscalationLevel, Family, FamilyName, Severity } from "./shared.ts";
import type { CanaryTarget, DependencyTarget, RestTarget } from "./target.ts";
import type { ServerContract } from "./tools-lock.ts";
import type { Floor } from "./units.ts";

/** Where a check comes from: this machine, AWS, or inside the cluster. */
export type Runner = "local" | "aws" | "cluster";

/** The addresses that one runner uses; `mcp` null means that the server is spawned over stdio. */
export interface Endpoint {
  readonly mcp: string | null;
  readonly rest: RestTarget | null;
  /** A name whose every address is one pod of the server; null where pods are not checked one by one. */
  readonly replicas: string | null;
}

export type ResolvedObjective = Objective & {
  readonly name: string;
  /** `file:line:column` of the promise, for messages. */
  readonly place: string;
};

export type ResolvedThreshold = Threshold & { readonly name: string };

export type ResolvedWorkload = Omit<Workload, "image" | "deployment" | "replicas"> & {
  readonly deployment: string;
  readonly image: string;
  readonly replicas: { readonly min: number; readonly max: number };
  /** The server speaks stdio and runs behind the gateway image. */
  readonly gateway: boolean;
  /** Path of the MCP endpoint on the Service. */
  readonly mcpPath: string;
  readonly live: string | null;
  readonly ready: string | null;
};

/** One server of one environment, with all defaults filled and all names resolved. */
export interface Server {
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly transport: "streamable-http" | "sse" | "stdio";
  readonly run: RunSpec | null;
  readonly workload: ResolvedWorkload | null;
  readonly endpoints: Readonly<Partial<Record<Runner, Endpoint>>>;
  readonly probe: ProbeSettings;
  readonly floor: Floor;
  readonly objectives: readonly ResolvedObjective[];
  readonly thresholds: readonly ResolvedThreshold[];
  readonly requiredTools: readonly string[];
  /** The reviewed tool list; null where there is none, or where the server asks not to be compared. */
  readonly contract: ServerContract | null;
  readonly canary: CanaryTarget | null;
  readonly credentials: Credentials | null;
  readonly tls: TlsIdentityRef | null;
  readonly dependencies: readonly DependencyTarget[];
  readonly escalation: string;
}

export interface Escalation {
  readonly name: string;
  /** In the order in which they are told. */
  readonly levels: readonly (EscalationLevel & { readonly name: string })[];
}

/** An environment as the plan reads it: nothing optional is left open and every name exists. */
export interface Environment {
  readonly name: string;
  readonly platform: "local" | "cloud";
  /** The first 7 hexadecimal digits of the SHA-256 of the resolved catalog. */
  readonly digest: string;
  /** Length of one alarm period in seconds. */
  readonly resolutionSeconds: number;
  readonly servers: readonly Server[];
  readonly contacts: Readonly<Record<string, Contact>>;
  readonly escalations: readonly Escalation[];
  readonly severities: Readonly<Record<Severity, { readonly respond: number }>>;
  readonly families: Readonly<Record<FamilyName, Family>>;
  readonly burnRates: readonly (BurnRate & { readonly name: string })[];
  /** Addresses outside of the fleet that tell whether our own network works. */
  readonly control: readonly string[];
  readonly pace: { readonly concurrency: number /** Milliseconds. */; readonly jitter: number };
  /** Milliseconds until a started server must be well. */
  readonly deployTimeout: number;
  readonly retention: { readonly logs: number; readonly history: number; readonly backups: number };
  readonly aws: CloudEnvironmentFile["aws"] | null;
  readonly kubernetes: CloudEnvironmentFile["kubernetes"] | null;
  /** Address (by reference) that local messages are also posted to. */
  readonly webhook: SecretRef | null;
}
