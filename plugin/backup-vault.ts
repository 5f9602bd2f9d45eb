import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BackupVault as Vault } from "../components/backup-vault.ts";
import { ACCOUNT, accountNumber, awsRegion, bucketName, keyArn, roleArn, SOME_KEY } from "./aws-rules.ts";
import { checked } from "./checked.ts";
import { token } from "./names.ts";

export interface BackupVaultArgs {
  /** Name of the bucket without the number of the account, which it ends with. */
  readonly bucketName: string;
  /** Days after which an object goes. */
  readonly retentionDays: number;
  /** Days in which a version cannot be deleted; at most retentionDays. */
  readonly lockDays: number;
  /** Whether nobody at all, the root user included, can end a lock early. False when left out. */
  readonly compliance?: boolean;
  /** Whether the bucket is kept when the stack is destroyed; one that is not is emptied then. True when left out. */
  readonly protect?: boolean;
  /** ARN of the KMS key that objects are encrypted with. */
  readonly keyArn: pulumi.Input<string>;
  /** Region that the bucket lies in: that of the AWS provider. */
  readonly region: string;
  /** The AWS account. That of the AWS provider when left out. */
  readonly accountId?: pulumi.Input<string>;
  /** ARNs of roles that may change the settings of the bucket and delete from it. Nobody when left out. */
  readonly administrators?: string[];
  /** Region of a second copy of each object. There is none when left out. */
  readonly replicaRegion?: string;
}

const schema = z
  .strictObject({
    bucketName,
    retentionDays: z.int().min(1).max(3_650),
    lockDays: z.int().min(1).max(3_650),
    compliance: z.boolean().default(false),
    protect: z.boolean().default(true),
    keyArn,
    region: awsRegion,
    accountId: accountNumber.optional(),
    administrators: z.array(roleArn).default([]),
    replicaRegion: awsRegion.optional(),
  })
  .refine(({ lockDays, retentionDays }) => lockDays <= retentionDays, {
    path: ["lockDays"],
    message: "must not be more than retentionDays: the lifecycle could not delete what is locked",
  })
  .refine(({ region, replicaRegion }) => region !== replicaRegion, {
    path: ["replicaRegion"],
    message: "must be another region than that of the bucket",
  });

/**
 * A bucket for backups: private, versioned, locked against deletion, expiring, encrypted with one key, and copied to
 * another region where that is asked for.
 */
export class BackupVault extends pulumi.ComponentResource {
  /** Name of the bucket. */
  readonly bucket: pulumi.Output<string>;
  /** ARN of the bucket. */
  readonly bucketArn: pulumi.Output<string>;

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("BackupVault"), name, {}, opts);
    const { replicaRegion, ...settings } = checked({
      component: this,
      schema,
      args,
      later: { keyArn: SOME_KEY, accountId: ACCOUNT },
    });
    const { accountId = getCallerIdentityOutput({}, { parent: this }).accountId, keyArn } = args;
    const vault = new Vault(
      name,
      {
        ...settings,
        keyArn,
        accountId,
        ...(replicaRegion === undefined ? {} : { replicaRegion }),
      },
      { parent: this },
    );
    this.bucket = vault.bucket;
    this.bucketArn = vault.bucketArn;
    this.registerOutputs({ bucket: this.bucket, bucketArn: this.bucketArn });
  }
}
