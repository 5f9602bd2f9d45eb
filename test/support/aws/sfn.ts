import {
  CreateStateMachineCommand,
  type CreateStateMachineCommandInput,
  DeleteStateMachineCommand,
  DescribeStateMachineCommand,
  ListTagsForResourceCommand,
  type LoggingConfiguration,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { asRecord, asString, type JsonRecord } from "../json.ts";
import { type Tags, type Things, tagsOf } from "./things.ts";
import { text } from "./words.ts";

/** State machines, which the emulator really runs. */
export const SFN: Things = {
  "aws:sfn/stateMachine:StateMachine": {
    computed: ["arn", "creationDate", "status"],
    create: async ({ aws, inputs }) => {
      const { type, publish } = inputs;
      const made = {
        ...machine(inputs),
        type,
        publish,
        name: text(inputs.name),
        tags: machineTags(tagsOf(inputs)),
      };
      const answer = await aws.sfn.send(new CreateStateMachineCommand(asInput(made)));
      return text(answer.stateMachineArn);
    },
    update: async ({ aws, id, inputs }) => {
      await aws.sfn.send(new UpdateStateMachineCommand(asInput({ ...machine(inputs), stateMachineArn: id })));
    },
    read: async ({ aws, id }) => {
      const found = await aws.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: id }));
      const { definition, roleArn, type, stateMachineArn: arn, status } = found;
      return {
        inputs: { definition, roleArn, type },
        outputs: { arn, creationDate: found.creationDate?.toISOString(), status },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.sfn.send(new DeleteStateMachineCommand({ stateMachineArn: id }));
    },
    tags: {
      list: async ({ aws, arn }) => {
        const { tags = [] } = await aws.sfn.send(new ListTagsForResourceCommand({ resourceArn: arn }));
        return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
      },
      change: async ({ aws, arn, added, removed }) => {
        const resourceArn = arn;
        if (removed.length > 0)
          await aws.sfn.send(new UntagResourceCommand({ resourceArn, tagKeys: [...removed] }));
        await aws.sfn.send(new TagResourceCommand({ resourceArn, tags: machineTags(added) }));
      },
    },
  },
};

function machine(inputs: JsonRecord): JsonRecord {
  const { definition, roleArn, tracingConfiguration, encryptionConfiguration } = inputs;
  const loggingConfiguration = logging(inputs);
  return { definition, roleArn, tracingConfiguration, encryptionConfiguration, loggingConfiguration };
}

function logging({ loggingConfiguration }: JsonRecord): LoggingConfiguration | undefined {
  if (loggingConfiguration === undefined) return undefined;
  const { level, includeExecutionData, logDestination } = asRecord(loggingConfiguration);
  const logGroupArn = asString(logDestination);
  return asInput<LoggingConfiguration>({
    level,
    includeExecutionData,
    destinations: logGroupArn === undefined ? [] : [{ cloudWatchLogsLogGroup: { logGroupArn } }],
  });
}

function machineTags(tags: Tags): Tag[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** This API's words begin with small letters as the inputs do; the emulator judges the rest. */
function asInput<T = CreateStateMachineCommandInput>(value: unknown): T {
  return value as T;
}
