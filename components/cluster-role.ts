import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { document, partitionOf } from "./policy-document.ts";

export interface ClusterRoleArgs {
  /** The cluster's OpenID Connect issuer without its scheme, such as `oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE`. */
  readonly issuer: string;
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
  /** Name of the service account that may take the role. */
  readonly serviceAccount: string;
  /** What it may do, as a policy document. */
  readonly policy: pulumi.Input<string>;
}

/** The annotation of a service account by which its pods get a role of AWS (IAM roles for service accounts). */
export const ROLE_ANNOTATION = "eks.amazonaws.com/role-arn";

/** A role of AWS that one service account of the cluster takes, and no other. */
export class ClusterRole extends pulumi.ComponentResource {
  /** ARN of the role; using it makes a resource wait for its rights. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: ClusterRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:ClusterRole", name, {}, opts);
    const role = new Role(`${name}-role`, { assumeRolePolicy: webIdentityTrust(args) }, { parent: this });
    const rights = new RolePolicy(`${name}-rights`, { role: role.id, policy: args.policy }, { parent: this });
    this.arn = pulumi.all([role.arn, rights.id]).apply(([arn]) => arn);
    this.registerOutputs({ arn: this.arn });
  }
}

/** One service account of one namespace may take the role, by a token that was made for STS. */
export function webIdentityTrust(args: Omit<ClusterRoleArgs, "policy">): pulumi.Output<string> {
  const { issuer, region, accountId, namespace, serviceAccount } = args;
  return document({
    Effect: "Allow",
    Principal: {
      Federated: pulumi.interpolate`arn:${partitionOf(region)}:iam::${accountId}:oidc-provider/${issuer}`,
    },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        [`${issuer}:aud`]: "sts.amazonaws.com",
        [`${issuer}:sub`]: pulumi.interpolate`system:serviceaccount:${namespace}:${serviceAccount}`,
      },
    },
  });
}
