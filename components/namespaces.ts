import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { DENY_ALL } from "./network-policies.ts";

const LABELS = { "app.kubernetes.io/part-of": "rollcall" };

/** Refused, logged and warned of alike: a pod that is not `restricted` never starts in these namespaces. */
const POD_SECURITY_LABELS = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/audit": "restricted",
  "pod-security.kubernetes.io/warn": "restricted",
};

export interface NamespacesArgs {
  /** The namespaces to make, each once. */
  readonly namespaces: readonly string[];
}

/**
 * The namespaces of an environment, with Pod Security `restricted` enforced and every connection refused that no other
 * policy allows.
 */
export class Namespaces extends pulumi.ComponentResource {
  /** The namespace by its name in the plan; using it makes a resource wait for the namespace. */
  readonly names: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: NamespacesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Namespaces", name, {}, opts);
    this.names = Object.fromEntries(
      args.namespaces.map((namespace) => {
        const made = new Namespace(
          `${name}-${namespace}`,
          { metadata: { name: namespace, labels: { ...LABELS, ...POD_SECURITY_LABELS } } },
          { parent: this },
        );
        new NetworkPolicy(
          `${name}-${namespace}-deny`,
          { metadata: { name: "deny-all", namespace: made.metadata.name, labels: LABELS }, spec: DENY_ALL },
          { parent: this },
        );
        return [namespace, made.metadata.name];
      }),
    );
    this.registerOutputs({ names: this.names });
  }
}
