import {
  CreateRoleCommand,
  type CreateRoleCommandInput,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  type UpdateRoleCommandInput,
} from "@aws-sdk/client-iam";
import { type Things, tagList, tagsIn, tagsOf } from "./things.ts";
import { document, text, words } from "./words.ts";

/** Roles and their inline policies. */
export const IAM: Things = {
  "aws:iam/role:Role": {
    computed: ["arn", "createDate", "uniqueId"],
    create: async ({ aws, inputs }) => {
      const { name, description, maxSessionDuration, path, permissionsBoundary } = inputs;
      const plain = { roleName: name, description, maxSessionDuration, path, permissionsBoundary };
      await aws.iam.send(
        new CreateRoleCommand({
          ...words<CreateRoleCommandInput>(plain),
          AssumeRolePolicyDocument: document(inputs.assumeRolePolicy),
          Tags: tagList(tagsOf(inputs)),
        }),
      );
      return text(name);
    },
    update: async ({ aws, id, inputs }) => {
      const { description = "", maxSessionDuration } = inputs;
      const PolicyDocument = document(inputs.assumeRolePolicy);
      await aws.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: id, PolicyDocument }));
      const plain = { roleName: id, description, maxSessionDuration };
      await aws.iam.send(new UpdateRoleCommand(words<UpdateRoleCommandInput>(plain)));
    },
    read: async ({ aws, id }) => {
      const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName: id }));
      return {
        inputs: {
          assumeRolePolicy: decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""),
          description: Role?.Description,
          maxSessionDuration: Role?.MaxSessionDuration,
        },
        outputs: { arn: Role?.Arn, createDate: Role?.CreateDate?.toISOString(), uniqueId: Role?.RoleId },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.iam.send(new DeleteRoleCommand({ RoleName: id }));
    },
    tags: {
      list: async ({ aws, id }) =>
        tagsIn((await aws.iam.send(new ListRoleTagsCommand({ RoleName: id }))).Tags),
      change: async ({ aws, id, added, removed }) => {
        if (removed.length > 0)
          await aws.iam.send(new UntagRoleCommand({ RoleName: id, TagKeys: [...removed] }));
        await aws.iam.send(new TagRoleCommand({ RoleName: id, Tags: tagList(added) }));
      },
    },
  },
  "aws:iam/rolePolicy:RolePolicy": {
    computed: [],
    create: async ({ aws, inputs }) => {
      const [RoleName, PolicyName] = [text(inputs.role), text(inputs.name)];
      const PolicyDocument = document(inputs.policy);
      await aws.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
      return `${RoleName}:${PolicyName}`;
    },
    read: async ({ aws, inputs }) => {
      const asked = { RoleName: text(inputs.role), PolicyName: text(inputs.name) };
      const { PolicyDocument = "" } = await aws.iam.send(new GetRolePolicyCommand(asked));
      return { inputs: { policy: decodeURIComponent(PolicyDocument) }, outputs: {} };
    },
    delete: async ({ aws, inputs }) => {
      const policy = { RoleName: text(inputs.role), PolicyName: text(inputs.name) };
      await aws.iam.send(new DeleteRolePolicyCommand(policy));
    },
  },
};
