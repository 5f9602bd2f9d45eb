import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import * as pulumi from "@pulumi/pulumi";
import type { ExporterPlan } from "../plan/types.ts";
import { probePod } from "./probe-pod.ts";
import { ONE_BY_ONE, originOf, serviceSpec } from "./served-specs.ts";
import { serviceMonitor } from "./service-monitor.ts";

const PORT_NAME = "metrics";

export interface ExporterArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** Name, image, port, network, secrets and roster; whether Prometheus is told of it. */
  readonly plan: ExporterPlan;
  /** The namespace that it runs in. */
  readonly namespace: pulumi.Input<string>;
}

/**
 * The probe inside the cluster as a process that runs on, with a page for Prometheus: a Deployment of one, its Service
 * and, where the operator runs, a ServiceMonitor. It gets no rights on the cluster's API.
 */
export class Exporter extends pulumi.ComponentResource {
  /** Address of the page inside the cluster. */
  readonly page: pulumi.Output<string>;

  constructor(name: string, args: ExporterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Exporter", name, {}, opts);
    const { plan, namespace } = args;
    const { metadata, spec } = probePod(
      name,
      { ...args, program: "exporter.mjs", container: containerOf(plan) },
      this,
    );
    const { labels } = metadata;
    const selector = { app: plan.name };
    const child = { parent: this };
    new Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: {
          // one: a second would ask every server twice as often and count its failures twice
          replicas: 1,
          selector: { matchLabels: selector },
          // no minute goes by unwatched; for some seconds two of them watch
          strategy: ONE_BY_ONE,
          template: { metadata: { labels }, spec },
        },
      },
      child,
    );
    const service = new Service(
      `${name}-service`,
      { metadata, spec: serviceSpec(selector, { name: PORT_NAME, port: plan.port }) },
      child,
    );
    if (plan.monitor !== null) {
      serviceMonitor(
        `${name}-monitor`,
        { plan: plan.monitor, metadata, selector: labels, port: PORT_NAME },
        child,
      );
    }

    this.page = pulumi.interpolate`${originOf(service.metadata.name, namespace, plan.port)}/metrics`;
    this.registerOutputs({ page: this.page });
  }
}

/** Alive whatever the servers do; ready once each of them has been checked, and for as long as they are. */
function containerOf({ port }: ExporterPlan) {
  const asks = (path: string): core.v1.Probe => ({
    httpGet: { path, port: PORT_NAME },
    periodSeconds: 10,
    timeoutSeconds: 5,
  });
  return {
    name: "exporter",
    env: [{ name: "ROLLCALL_LISTEN", value: `0.0.0.0:${port}` }],
    ports: [{ name: PORT_NAME, containerPort: port, protocol: "TCP" }],
    startupProbe: { ...asks("/livez"), periodSeconds: 2, failureThreshold: 30 },
    livenessProbe: { ...asks("/livez"), failureThreshold: 3 },
    readinessProbe: { ...asks("/readyz"), failureThreshold: 3 },
  };
}
