import { Table } from "@pulumi/aws/dynamodb/table.js";
import { Key } from "@pulumi/aws/kms/key.js";
import type { Queue } from "@pulumi/aws/sqs/queue.js";
import * as pulumi from "@pulumi/pulumi";
import { deadLetters } from "./dead-letters.ts";

export interface EscalationStoreArgs {
  /** Name of the table of the incidents. */
  readonly tableName: string;
  /** Name of the queue of what could not be delivered. */
  readonly queueName: string;
  /** ARN of the key that both are encrypted with. */
  readonly keyArn: pulumi.Input<string>;
  /** Kept when the stack is destroyed: it says who was told and who acknowledged. */
  readonly protect: boolean;
}

/** Days in which the deletion of a key can be taken back, the least that KMS takes: no link is older. */
const LINK_KEY_DELETION_DAYS = 7;

/** What the escalation remembers: its incidents, what could not be delivered, and the key of its links. */
export class EscalationStore extends pulumi.ComponentResource {
  readonly table: Table;
  readonly queue: Queue;
  /** An HMAC key: links are signed and verified by KMS, and nobody holds a secret. */
  readonly linkKey: Key;

  constructor(name: string, args: EscalationStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:EscalationStore", name, {}, opts);
    const { keyArn, protect } = args;
    this.table = new Table(
      `${name}-incidents`,
      {
        name: args.tableName,
        billingMode: "PAY_PER_REQUEST",
        hashKey: "key",
        attributes: [{ name: "key", type: "S" }],
        ttl: { attributeName: "expires", enabled: true },
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: keyArn },
        deletionProtectionEnabled: protect,
      },
      { parent: this, protect, retainOnDelete: protect },
    );
    this.queue = deadLetters(this, `${name}-dead-letters`, { queueName: args.queueName, keyArn });
    this.linkKey = new Key(
      `${name}-links`,
      {
        description: `Signs the links that acknowledge incidents of ${args.tableName}`,
        keyUsage: "GENERATE_VERIFY_MAC",
        customerMasterKeySpec: "HMAC_256",
        deletionWindowInDays: LINK_KEY_DELETION_DAYS,
      },
      { parent: this },
    );
    this.registerOutputs({
      tableArn: this.table.arn,
      queueArn: this.queue.arn,
      linkKeyArn: this.linkKey.arn,
    });
  }
}
