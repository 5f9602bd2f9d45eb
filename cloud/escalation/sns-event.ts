import { z } from "zod";

/** What SNS invokes a function with, as far as it is needed. */
const snsEvent = z.object({
  Records: z.array(
    z.object({
      Sns: z.object({ MessageId: z.string(), TopicArn: z.string(), Message: z.string() }),
    }),
  ),
});

/** One message of a topic. */
export interface Delivery {
  readonly messageId: string;
  /** Name of the topic, the last part of its ARN. */
  readonly topic: string;
  readonly message: string;
}

/** The messages of an event. Throws when it is none of SNS. */
export function deliveriesOf(event: unknown): Delivery[] {
  return snsEvent.parse(event).Records.map(({ Sns: { MessageId, TopicArn, Message } }) => ({
    messageId: MessageId,
    topic: TopicArn.split(":").at(-1) ?? "",
    message: Message,
  }));
}
