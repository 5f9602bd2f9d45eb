import type { SecretRef } from "./secrets.ts";

/** How the MCP path of a server is reached: an address, or a command whose stdin and stdout speak MCP. */
export type McpTarget =
  | { readonly transport: "streamable-http"; readonly url: string }
  | {
      readonly transport: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      /** Variables of the child on top of a small safe set; secrets stand here by reference only. */
      readonly env: Readonly<Record<string, string | SecretRef>>;
      readonly cwd?: string;
    };

/** Everything that one check of one server needs to know; plain JSON, so that a roster can carry it. */
export interface CheckTarget {
  readonly server: string;
  readonly mcp: McpTarget | null;
  readonly rest: { readonly url: string } | null;
  /** The budget of the whole check, in milliseconds. */
  readonly timeoutMs: number;
  /** Tools that the server promises; a missing one is named in the result and does not fail the check. */
  readonly requiredTools: readonly string[];
  /** Whether private and link-local addresses may be connected to. */
  readonly allowPrivate: boolean;
}

/** A target with how often a runner checks it. */
export interface RosterTarget extends CheckTarget {
  /** Time between two runs, in milliseconds. */
  readonly everyMs: number;
  /** Checks in one run, spread evenly over the time to the next. */
  readonly samples: number;
}

/** The servers that one runner checks: what the Lambda and the CronJob read. */
export interface Roster {
  readonly environment: string;
  readonly targets: readonly RosterTarget[];
}
