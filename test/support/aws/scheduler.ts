import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import type { JsonRecord } from "../json.ts";
import { type Things, tagList, tagsIn, tagsOf } from "./things.ts";
import { inputWords, text, words } from "./words.ts";

/** Schedules, which the emulator really fires, and their groups. */
export const SCHEDULER: Things = {
  "aws:scheduler/schedule:Schedule": {
    computed: ["arn"],
    create: async ({ aws, inputs }) => {
      await aws.scheduler.send(new CreateScheduleCommand(schedule(inputs)));
      return `${inputs.groupName ?? "default"}/${text(inputs.name)}`;
    },
    update: async ({ aws, inputs }) => {
      await aws.scheduler.send(new UpdateScheduleCommand(schedule(inputs)));
    },
    read: async ({ aws, id }) => {
      const { Arn: arn, ...rest } = await aws.scheduler.send(new GetScheduleCommand(place(id)));
      return { inputs: inputWords(rest), outputs: { arn } };
    },
    delete: async ({ aws, id }) => {
      await aws.scheduler.send(new DeleteScheduleCommand(place(id)));
    },
  },
  "aws:scheduler/scheduleGroup:ScheduleGroup": {
    computed: ["arn", "state"],
    create: async ({ aws, inputs }) => {
      const Tags = tagList(tagsOf(inputs));
      await aws.scheduler.send(new CreateScheduleGroupCommand({ Name: text(inputs.name), Tags }));
      return text(inputs.name);
    },
    update: async () => undefined,
    read: async ({ aws, id }) => {
      const { Arn: arn, State: state } = await aws.scheduler.send(new GetScheduleGroupCommand({ Name: id }));
      return { inputs: {}, outputs: { arn, state } };
    },
    delete: async ({ aws, id }) => {
      await aws.scheduler.send(new DeleteScheduleGroupCommand({ Name: id }));
    },
    tags: {
      list: async ({ aws, arn }) =>
        tagsIn((await aws.scheduler.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags),
      change: async ({ aws, arn, added, removed }) => {
        const ResourceArn = arn;
        if (removed.length > 0)
          await aws.scheduler.send(new UntagResourceCommand({ ResourceArn, TagKeys: [...removed] }));
        await aws.scheduler.send(new TagResourceCommand({ ResourceArn, Tags: tagList(added) }));
      },
    },
  },
};

function schedule(inputs: JsonRecord): CreateScheduleCommandInput {
  const dates = Object.fromEntries(
    ["startDate", "endDate"].flatMap((key) =>
      typeof inputs[key] === "string" ? [[key, new Date(inputs[key])]] : [],
    ),
  );
  return words<CreateScheduleCommandInput>({ ...inputs, ...dates });
}

function place(id: string): { readonly GroupName: string; readonly Name: string } {
  const [GroupName = "", Name = ""] = id.split("/");
  return { GroupName, Name };
}
