import type { DependencyTarget } from "../../catalog/target.ts";
import type { Reach } from "../address.ts";
import type { HttpClient } from "../http/types.ts";
import type { DependencyReading } from "../result.ts";
import type { SecretSource } from "../secrets/source.ts";
import { diskFault } from "./disk.ts";
import { httpFault } from "./http.ts";
import { postgresqlFault } from "./postgresql.ts";

export interface DependencyDeps {
  /** A client without the server's credentials: a dependency is somebody else's. */
  readonly http: HttpClient;
  readonly reach: Reach;
  readonly secrets: SecretSource;
  /** The deadline of every dependency. */
  readonly signal: AbortSignal;
  /** Milliseconds since some fixed point. */
  readonly now: () => number;
}

/** Checks what a server needs, all at once. Never throws, and settles right after the signal aborts. */
export function checkDependencies(
  list: readonly DependencyTarget[],
  deps: DependencyDeps,
): Promise<DependencyReading[]> {
  return Promise.all(list.map((target) => checkOne(target, deps)));
}

async function checkOne(target: DependencyTarget, deps: DependencyDeps): Promise<DependencyReading> {
  const startedAt = deps.now();
  const fault = await faultOf(target, deps);
  const ms = Math.max(0, Math.round(deps.now() - startedAt));
  return { name: target.name, kind: target.kind, ok: fault === null, ms, detail: fault ?? "" };
}

function faultOf(target: DependencyTarget, deps: DependencyDeps): Promise<string | null> {
  switch (target.kind) {
    case "postgresql":
      return postgresqlFault(target.url, deps);
    case "http":
      return httpFault(target.url, deps);
    case "disk":
      return diskFault(target, deps.signal);
  }
}
