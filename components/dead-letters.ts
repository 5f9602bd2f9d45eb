import { Queue } from "@pulumi/aws/sqs/queue.js";
import type * as pulumi from "@pulumi/pulumi";

/** The longest that SQS keeps a message, in seconds. */
const FOURTEEN_DAYS = 1_209_600;

/** A queue of what failed for good, encrypted, and kept as long as SQS keeps anything. */
export function deadLetters(
  parent: pulumi.Resource,
  name: string,
  args: { readonly queueName: string; readonly keyArn: pulumi.Input<string> },
): Queue {
  const { queueName, keyArn } = args;
  return new Queue(
    name,
    { name: queueName, kmsMasterKeyId: keyArn, messageRetentionSeconds: FOURTEEN_DAYS },
    { parent },
  );
}
