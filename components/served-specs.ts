import type { apps, core, policy } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";

type Labels = Readonly<Record<string, string>>;

/** A named port of a container, by which its Service and its probes ask it. */
export interface NamedPort {
  readonly name: string;
  readonly port: number;
}

/** No replica goes before its successor is ready. */
export const ONE_BY_ONE: apps.v1.DeploymentStrategy = {
  type: "RollingUpdate",
  rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
};

/** Pods may be drained one after the other; one that is broken anyway does not hold up a drain. */
export function disruptionSpec(selector: Labels): policy.v1.PodDisruptionBudgetSpec {
  return {
    maxUnavailable: 1,
    selector: { matchLabels: selector },
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  };
}

/** A Service that nothing outside of the cluster reaches. */
export function serviceSpec(selector: Labels, port: NamedPort): core.v1.ServiceSpec {
  return { type: "ClusterIP", selector, ports: servicePorts(port) };
}

/** The one port of a Service, the same outside of the pod as inside. */
export function servicePorts({ name, port }: NamedPort): core.v1.ServicePort[] {
  return [{ name, port, targetPort: name, protocol: "TCP" }];
}

/** Address of a Service inside the cluster, without a path. */
export function originOf(
  service: pulumi.Input<string>,
  namespace: pulumi.Input<string>,
  port: number,
): pulumi.Output<string> {
  return pulumi.interpolate`http://${service}.${namespace}.svc:${port}`;
}
