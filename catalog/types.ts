import type { BackupSettings } from "./backup.ts";
import type { Credentials, TlsIdentityRef } from "./credentials.ts";
import type { CloudEnvironmentFile } from "./environment.ts";
import type { LogRetention, ServerLogClass } from "./log-classes.ts";
import type { Maintenance, Weekday } from "./maintenance.ts";
import type { Objective, RatioObjective, Threshold } from "./objective.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import type { SecretRef } from "./secrets.ts";
import type { RunSpec, Workload } from "./server.ts";
import type {
  BudgetPolicy,
  BurnRate,
  Contact,
  EscalationLevel,
  Family,
  FamilyName,
  LogEvent,
  Responsibility,
  Severity,
} from "./shared.ts";
import type { StatusSettings } from "./status.ts";
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

/** An objective that has an error budget: every one but a percentile of latency. */
export type ResolvedRatio = RatioObjective & { readonly name: string; readonly place: string };

export type ResolvedThreshold = Threshold & { readonly name: string };

export type ResolvedWorkload = Omit<Workload, "image" | "deployment" | "replicas"> & {
  readonly deployment: string;
  readonly image: string;
  readonly replicas: { readonly min: number; readonly max: number };
  /** The server speaks stdio and runs behind the gateway image. */
  readonly gateway: boolean;
  /** Path of the MCP endpoint on the Service. */
  readonly mcpPath: string;
  /** Path that says whether the process has to be started anew; null where only an open port says so. */
  readonly live: string | null;
  /** Path that says whether it can be sent requests. */
  readonly ready: string | null;
  /** Path of the page for Prometheus; null where it has none that can be read without credentials. */
  readonly metrics: string | null;
};

/** One server of one environment, with all defaults filled and all names resolved. */
export interface Server {
  readonly name: string;
  /** Its name before a rename; null where it had no other. */
  readonly formerly: string | null;
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
  /** Which class of retention its lines are of. */
  readonly logs: ServerLogClass;
  /** Whether it has Grafana dashboards of its own besides those of all servers. */
  readonly dashboards: boolean;
}

/** A maintenance with the servers it is for. */
export type ResolvedMaintenance = Omit<Maintenance, "servers" | "at" | "weekly" | "until" | "for"> & {
  readonly name: string;
  /** Names of servers of this environment. */
  readonly servers: readonly string[];
  readonly durationMs: number;
  readonly schedule:
    | { readonly kind: "once" /** Local to the zone: `2026-12-05T22:00`. */; readonly at: string }
    | {
        readonly kind: "weekly";
        readonly on: readonly Weekday[];
        /** Local to the zone: `22:00`. */
        readonly at: string;
        /** The last day on which one may begin: `2027-01-31`. */
        readonly until: string;
      };
};

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
  /** The catalog's ladders, then one for each severity. */
  readonly escalations: readonly Escalation[];
  /** Where alarms go that belong to no server. */
  readonly defaultEscalation: string;
  readonly severities: Readonly<Record<Severity, Responsibility>>;
  readonly families: Readonly<Record<FamilyName, Family>>;
  readonly burnRates: readonly (BurnRate & { readonly name: string })[];
  /** In the order in which more of a budget is spent. */
  readonly budgetPolicy: readonly (BudgetPolicy & { readonly name: string })[];
  readonly logEvents: readonly (LogEvent & { readonly name: string })[];
  readonly maintenance: readonly ResolvedMaintenance[];
  /** This many servers that fail together become one page. */
  readonly fold: number;
  /** Addresses outside of the fleet that tell whether our own network works. */
  readonly control: readonly string[];
  readonly pace: { readonly concurrency: number /** Milliseconds. */; readonly jitter: number };
  /** Milliseconds until a started server must be well. */
  readonly deployTimeout: number;
  /** Days. */
  readonly retention: { readonly logs: LogRetention; readonly history: number; readonly backups: number };
  /** How it is backed up; null on one machine. */
  readonly backup: BackupSettings | null;
  /** Where its status is served, and to whom; null on one machine, whose monitor serves it to that machine. */
  readonly status: StatusSettings | null;
  /** US dollars that the monitoring may cost a month; null where nothing limits it. */
  readonly costCeiling: number | null;
  readonly aws: CloudEnvironmentFile["aws"] | null;
  readonly kubernetes: CloudEnvironmentFile["kubernetes"] | null;
  /** Address (by reference) that local messages are also posted to. */
  readonly webhook: SecretRef | null;
}
