import { createHash } from "node:crypto";
import { FLEET } from "../../catalog/names.ts";
import type { Environment } from "../../catalog/types.ts";
import { owned } from "../names.ts";
import type { PrometheusGroup } from "../types.ts";

/** A PrometheusRule as the Prometheus operator takes it (`monitoring.coreos.com/v1`). */
export interface PrometheusRuleObject {
  readonly apiVersion: "monitoring.coreos.com/v1";
  readonly kind: "PrometheusRule";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly groups: readonly PrometheusGroup[] };
}

/**
 * The groups as objects of the Prometheus operator: one a server and one for all of them together, so that none comes
 * near the megabyte that the Kubernetes API takes, and a changed server is one changed object.
 */
export function prometheusRuleObjects(
  environment: Pick<Environment, "name">,
  groups: readonly PrometheusGroup[],
): PrometheusRuleObject[] {
  const byServer = Map.groupBy(groups, serverOf);
  return [...byServer].map(([server, own]) => ({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: {
      name: objectName(owned(environment.name, server)),
      labels: {
        "app.kubernetes.io/name": objectName(owned(environment.name, "rules")),
        "app.kubernetes.io/instance": environment.name,
        "app.kubernetes.io/part-of": "rollcall",
      },
    },
    spec: { groups: own },
  }));
}

/** Every rule of a group is of one server, or of none. */
function serverOf({ rules }: PrometheusGroup): string {
  return rules.find(({ labels }) => labels?.server !== undefined)?.labels?.server ?? FLEET;
}

/** A name of the catalog as Kubernetes takes it (RFC 1123), still its own where letters had to be changed. */
export function objectName(name: string): string {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  const bare = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${bare}-${hash}`;
}
