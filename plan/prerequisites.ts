import { DOOR_CONCURRENCY } from "./escalator.ts";
import { PROBE_NAMESPACE } from "./probe.ts";
import type { Plan } from "./types.ts";

/** A Secret of the cluster that pods read and that nobody but a person makes. */
export interface NeededSecret {
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly string[];
}

/** What has to be there for an `up` to end well, and what no program makes. */
export interface Prerequisites {
  /** By namespace and name. Without one its pods wait, and the `up` with them until it fails. */
  readonly secrets: readonly NeededSecret[];
  /** Secrets and parameters of AWS that the probe's function reads. */
  readonly awsSecrets: readonly string[];
  /**
   * Concurrent runs that the environment's functions reserve in the account. AWS refuses to reserve what leaves less than
   * {@link UNRESERVED} for all others (Lambda Developer Guide, "Configuring reserved concurrency").
   */
  readonly concurrency: number;
}

/** Concurrent runs of an account that nobody may reserve. */
export const UNRESERVED = 100;

/** Everything that the pods and the function of a plan are told by reference; nothing for a local environment. */
export function prerequisitesOf({ workloads, probe, status }: Plan): Prerequisites {
  if (probe === null) return { secrets: [], awsSecrets: [], concurrency: 0 };
  const pods = [probe.cronJob, probe.exporter].flatMap((one) => one?.secrets ?? []);
  const needed = [
    ...workloads.flatMap(({ namespace, env }) =>
      env.flatMap(({ value }) =>
        typeof value === "string" ? [] : [{ namespace, name: value.secret, key: value.key }],
      ),
    ),
    ...pods.flatMap(({ name, keys }) => keys.map((key) => ({ namespace: PROBE_NAMESPACE, name, key }))),
  ];
  const bySecret = Map.groupBy(needed, ({ namespace, name }) => `${namespace}/${name}`);
  const secrets = [...bySecret.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, those]) => {
      const [first] = those;
      if (first === undefined) return [];
      const keys = [...new Set(those.map(({ key }) => key))].sort();
      return [{ namespace: first.namespace, name: first.name, keys }];
    });
  const concurrency = probe.lambda.shards + (status?.aws?.concurrency ?? 0) + DOOR_CONCURRENCY;
  return { secrets, awsSecrets: probe.lambda.secrets, concurrency };
}
