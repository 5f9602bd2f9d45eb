import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { FunctionUrl } from "@pulumi/aws/lambda/functionUrl.js";
import { Permission } from "@pulumi/aws/lambda/permission.js";
import * as pulumi from "@pulumi/pulumi";
import type { StatusSite as Site, StatusFile, StatusFunctionPlan } from "../plan/status.ts";
import { CloudFunction } from "./cloud-function.ts";
import { shortHash } from "./short-hash.ts";
import { readStatus } from "./status-policies.ts";

/** Folder of the bundled function, which holds `index.mjs`. */
export interface StatusBundles {
  readonly status: string;
}

export interface StatusSiteArgs {
  /** Name and size of the function, where it reads, and who may call it. */
  readonly plan: StatusFunctionPlan;
  /** What it shows besides what it reads. */
  readonly site: Site;
  /** Folder of its bundle, which holds `index.mjs`. */
  readonly bundle: string;
  /** Where its lines go. */
  readonly logGroup: LogGroup;
  /** The AWS account that its tables lie in. */
  readonly accountId: pulumi.Input<string>;
  /** The region that it runs in. */
  readonly region: string;
  /** ARN of the environment's key. */
  readonly keyArn: pulumi.Input<string>;
}

/**
 * The status API of an environment in AWS: a function behind an address that answers no request without a signature of
 * IAM. The named readers may call it, and whom a policy of the same account allows to; the world never may.
 */
export class StatusSite extends pulumi.ComponentResource {
  /** Where it answers; requests are signed for the service `lambda`. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: StatusSiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:StatusSite", name, {}, opts);
    const { plan, site, bundle, logGroup, accountId, region, keyArn } = args;
    const { places, readers, timeoutSeconds, memoryMb, concurrency } = plan;
    const { functionName } = new CloudFunction(
      name,
      {
        functionName: plan.name,
        description: "Says how the servers and alarms are to whom IAM lets ask",
        bundle,
        files: { "status.json": JSON.stringify({ site, places } satisfies StatusFile) },
        logGroup,
        policy: readStatus({ ...places, region, accountId, keyArn }),
        keyArn,
        timeoutSeconds,
        memoryMb,
        concurrency,
      },
      { parent: this },
    );
    const address = new FunctionUrl(
      `${name}-url`,
      { functionName, authorizationType: "AWS_IAM" },
      { parent: this },
    );
    for (const principal of readers) {
      // named by who it is, whatever its place in the list
      const reader = `${name}-reader-${shortHash(principal)}`;
      // an address needs both rights, the second one for calls through an address only (Lambda guide, urls-auth)
      new Permission(
        reader,
        {
          function: functionName,
          action: "lambda:InvokeFunctionUrl",
          principal,
          functionUrlAuthType: "AWS_IAM",
        },
        { parent: this },
      );
      new Permission(
        `${reader}-invoke`,
        { function: functionName, action: "lambda:InvokeFunction", principal, invokedViaFunctionUrl: true },
        { parent: this },
      );
    }
    this.url = address.functionUrl;
    this.registerOutputs({ url: this.url });
  }
}
