import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import type { AlertmanagerConfig } from "../plan/alertmanager/types.ts";
import { owned } from "../plan/names.ts";
import type { PrometheusRuleObject } from "../plan/prometheus/objects.ts";
import { labelsOf } from "./labels.ts";

export interface PrometheusRulesArgs {
  /** Name of the environment. */
  readonly environment: string;
  /** The rules, one object a server and one for all of them together. */
  readonly objects: readonly PrometheusRuleObject[];
  /** The whole configuration of an Alertmanager. It holds names of files with secrets, and no secret. */
  readonly alertmanager: AlertmanagerConfig;
  /** The namespace of everything that it makes. */
  readonly namespace: pulumi.Input<string>;
  /**
   * Labels by which the cluster's Prometheus chooses its rules (`spec.ruleSelector`).
   * @default none besides Rollcall's own
   */
  readonly ruleLabels?: Readonly<Record<string, string>>;
}

/**
 * The rules of an environment for the Prometheus operator, and the configuration of an Alertmanager as the Secret that
 * one names in `spec.configSecret`. The Secret takes effect only there: an AlertmanagerConfig would be merged into
 * whatever runs, under a matcher of its namespace that no alert of Rollcall carries.
 */
export class PrometheusRules extends pulumi.ComponentResource {
  /** Names of the PrometheusRule objects. */
  readonly rules: readonly pulumi.Output<string>[];
  /** Name of the Secret; its key is `alertmanager.yaml`. */
  readonly configSecret: pulumi.Output<string>;

  constructor(name: string, args: PrometheusRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:PrometheusRules", name, {}, opts);
    const { environment, objects, alertmanager, namespace, ruleLabels = {} } = args;
    const prefix = owned(environment, "");

    this.rules = objects.map(({ apiVersion, kind, metadata, spec }) => {
      const made = new CustomResource(
        `${name}-${metadata.name.slice(prefix.length)}`,
        {
          apiVersion,
          kind,
          metadata: { name: metadata.name, namespace, labels: { ...metadata.labels, ...ruleLabels } },
          spec,
        },
        { parent: this },
      );
      return made.metadata.name;
    });
    const app = owned(environment, "alertmanager");
    const secret = new Secret(
      `${name}-alertmanager`,
      {
        metadata: { name: app, namespace, labels: labelsOf({ app, environment }) },
        // JSON is YAML, and has one way to be written
        stringData: { "alertmanager.yaml": `${JSON.stringify(alertmanager, null, 2)}\n` },
      },
      { parent: this },
    );

    this.configSecret = secret.metadata.name;
    this.registerOutputs({ rules: this.rules, configSecret: this.configSecret });
  }
}
