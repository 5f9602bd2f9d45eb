import type { Credentials, TlsIdentityRef } from "./credentials.ts";
import type { SecretRef } from "./secrets.ts";
import type { ServerContract } from "./tools-lock.ts";

/** How the MCP path of a server is reached: an address, or a command whose stdin and stdout speak MCP. */
export type McpTarget =
  | { readonly transport: "streamable-http" | "sse"; readonly url: string }
  | {
      readonly transport: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      /** Variables of the child on top of a small safe set; secrets stand here by reference only. */
      readonly env: Readonly<Record<string, string | SecretRef>>;
      readonly cwd?: string;
    };

/** A number that a page of the server's REST side shows: a value in a JSON document, or a Prometheus series. */
export type NumberSource = {
  /** The metric that the number becomes. */
  readonly metric: string;
  readonly url: string;
} & (
  | { readonly kind: "json" /** RFC 6901. */; readonly pointer: string }
  | {
      readonly kind: "prometheus";
      readonly series: string;
      /** Labels that the series must carry; several series that do are summed. */
      readonly labels: Readonly<Record<string, string>>;
    }
);

/** The REST side of a server. */
export interface RestTarget {
  /** The page that says how the server is. */
  readonly url: string;
  /** What each component must say on that page, by its name. */
  readonly components?: Readonly<Record<string, string>>;
  /** Pages of the two Kubernetes questions, where the server has them. */
  readonly live?: string;
  readonly ready?: string;
  readonly numbers?: readonly NumberSource[];
  /** Whether the server's credentials are sent to these pages as well. @default false */
  readonly authenticated?: boolean;
  /** Deadline of this path in milliseconds, where it is shorter than the check's. */
  readonly timeoutMs?: number;
}

/** A read-only tool that is called with fixed arguments, and what its answer must be. */
export interface CanaryTarget {
  readonly call: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly expect: {
    /** Text that the answer must contain. */
    readonly text?: string;
    /** Values that the structured content must hold, by JSON Pointer (RFC 6901). */
    readonly values?: Readonly<Record<string, unknown>>;
  };
  /** The answer must come as a stream that keeps these limits, in milliseconds. */
  readonly stream?: { readonly firstMs: number; readonly gapMs: number; readonly events: number };
}

/** Something that a server needs to do its work. */
export type DependencyTarget = { readonly name: string } & (
  | { readonly kind: "postgresql"; readonly url: SecretRef }
  | { readonly kind: "http"; readonly url: string }
  | {
      readonly kind: "disk";
      readonly path: string;
      /** Bytes that must be free. */
      readonly freeBytes: number;
      readonly access: "read" | "write";
    }
);

/** Everything that one check of one server needs to know; plain JSON, so that a roster can carry it. */
export interface CheckTarget {
  readonly server: string;
  readonly mcp: McpTarget | null;
  readonly rest: RestTarget | null;
  /** The budget of the whole check, in milliseconds. */
  readonly timeoutMs: number;
  /** Tools that the server promises; a missing one is named in the result and does not fail the check. */
  readonly requiredTools: readonly string[];
  /** Whether private and link-local addresses may be connected to. */
  readonly allowPrivate: boolean;
  /** @default none are sent */
  readonly credentials?: Credentials;
  /** @default the system's certificate authorities, and no client certificate */
  readonly tls?: TlsIdentityRef;
  /** @default the tool list is not compared */
  readonly contract?: ServerContract;
  readonly canary?: CanaryTarget;
  readonly dependencies?: readonly DependencyTarget[];
  /** A name whose every address is one replica of the server; the MCP path of each is checked. */
  readonly replicas?: { readonly host: string };
}

/** A promise that is kept or broken by something else than whether its path answered; the runner measures it. */
export type ObjectiveRule = { readonly objective: string } & (
  | {
      readonly kind: "classes";
      readonly path: "mcp" | "rest";
      /** The failure classes that burn its budget. */
      readonly burns: readonly string[];
    }
  | {
      readonly kind: "latency";
      readonly path: "mcp" | "rest";
      /** Milliseconds under which a check is good. */
      readonly belowMs: number;
    }
  | {
      readonly kind: "value";
      readonly metric: string;
      /** In the unit of the metric; exactly one of the two is there. */
      readonly below?: number;
      readonly above?: number;
    }
);

/** A target with how a runner checks it. */
export interface RosterTarget extends CheckTarget {
  /** Time between two runs, in milliseconds. */
  readonly everyMs: number;
  /** Checks in one run, spread evenly over the time to the next. */
  readonly samples: number;
  /** Milliseconds after which a failed check is repeated once before it counts; 0 for never. @default 0 */
  readonly confirmMs?: number;
  /** When a path that keeps failing is left alone, and for how long. @default never */
  readonly breaker?: { readonly failures: number; readonly restMs: number };
  readonly objectiveRules?: readonly ObjectiveRule[];
  /** Metrics that are published to CloudWatch, which bills each; the others stay numbers of a log line. @default all */
  readonly metrics?: readonly string[];
  /** How old a result may be that answers whoever asks on demand, in milliseconds. @default 0 */
  readonly cacheMs?: number;
}

/** The servers that one runner checks: what the Lambda, the CronJob and the exporter read. */
export interface Roster {
  readonly environment: string;
  readonly targets: readonly RosterTarget[];
  /** Addresses outside of the fleet: when none answers, our own network is down. @default none are asked */
  readonly control?: readonly string[];
  /** How many checks run at once. @default 100 */
  readonly concurrency?: number;
  /** Checks begin within this many milliseconds of their time, not all at once. @default 0 */
  readonly jitterMs?: number;
}
