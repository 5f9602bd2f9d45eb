import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from "@aws-sdk/client-kms";
import { asNumber, asString } from "../json.ts";
import { type Existing, type Tags, type Things, tagsOf } from "./things.ts";
import { document, text, words } from "./words.ts";

/** AWS's own default when a program names none, in days. */
const DELETION_WINDOW = 30;

/** Keys, symmetric and HMAC, and their aliases. A deleted key waits for its end, as in AWS. */
export const KMS: Things = {
  "aws:kms/key:Key": {
    computed: ["arn", "keyId"],
    create: async ({ aws, inputs }) => {
      const { description, keyUsage, customerMasterKeySpec: keySpec, multiRegion, policy } = inputs;
      const plain = { description, keyUsage, keySpec, multiRegion };
      const { KeyMetadata } = await aws.kms.send(
        new CreateKeyCommand({
          ...words<CreateKeyCommandInput>(plain),
          ...(policy === undefined ? {} : { Policy: document(policy) }),
          Tags: keyTags(tagsOf(inputs)),
        }),
      );
      const id = text(KeyMetadata?.KeyId);
      if (inputs.enableKeyRotation === true) await rotate({ aws, id, inputs });
      return id;
    },
    update: async ({ aws, id, inputs }) => {
      const Description = asString(inputs.description) ?? "";
      await aws.kms.send(new UpdateKeyDescriptionCommand({ KeyId: id, Description }));
      if (inputs.policy !== undefined)
        await aws.kms.send(new PutKeyPolicyCommand({ KeyId: id, Policy: document(inputs.policy) }));
      if (isSymmetric(inputs.customerMasterKeySpec)) await rotate({ aws, id, inputs });
    },
    read: async ({ aws, id, inputs }) => {
      const { KeyMetadata } = await aws.kms.send(new DescribeKeyCommand({ KeyId: id }));
      if (KeyMetadata?.KeyState === "PendingDeletion") return undefined;
      const { Policy } = await aws.kms.send(new GetKeyPolicyCommand({ KeyId: id }));
      const rotation = isSymmetric(inputs.customerMasterKeySpec)
        ? (await aws.kms.send(new GetKeyRotationStatusCommand({ KeyId: id }))).KeyRotationEnabled
        : undefined;
      return {
        inputs: {
          customerMasterKeySpec: KeyMetadata?.KeySpec,
          description: KeyMetadata?.Description,
          enableKeyRotation: rotation,
          keyUsage: KeyMetadata?.KeyUsage,
          policy: Policy,
        },
        outputs: { arn: KeyMetadata?.Arn, keyId: KeyMetadata?.KeyId },
      };
    },
    delete: async ({ aws, id, inputs }) => {
      const PendingWindowInDays = asNumber(inputs.deletionWindowInDays) ?? DELETION_WINDOW;
      await aws.kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays }));
    },
    tags: {
      list: async ({ aws, id }) => {
        const { Tags = [] } = await aws.kms.send(new ListResourceTagsCommand({ KeyId: id }));
        return Object.fromEntries(Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
      },
      change: async ({ aws, id, added, removed }) => {
        if (removed.length > 0)
          await aws.kms.send(new UntagResourceCommand({ KeyId: id, TagKeys: [...removed] }));
        await aws.kms.send(new TagResourceCommand({ KeyId: id, Tags: keyTags(added) }));
      },
    },
  },
  "aws:kms/alias:Alias": {
    computed: ["arn", "targetKeyArn"],
    create: async ({ aws, inputs }) => {
      const alias = { AliasName: text(inputs.name), TargetKeyId: text(inputs.targetKeyId) };
      await aws.kms.send(new CreateAliasCommand(alias));
      return alias.AliasName;
    },
    update: async ({ aws, id, inputs }) => {
      await aws.kms.send(new UpdateAliasCommand({ AliasName: id, TargetKeyId: text(inputs.targetKeyId) }));
    },
    read: async ({ aws, id, inputs }) => {
      const { Aliases = [] } = await aws.kms.send(new ListAliasesCommand({}));
      const alias = Aliases.find(({ AliasName }) => AliasName === id);
      if (alias?.TargetKeyId === undefined) return undefined;
      const asked = asString(inputs.targetKeyId) ?? "";
      // a program may name the key by its id or by its arn
      const targetKeyId = asked.endsWith(alias.TargetKeyId) ? asked : alias.TargetKeyId;
      const { KeyMetadata } = await aws.kms.send(new DescribeKeyCommand({ KeyId: alias.TargetKeyId }));
      return { inputs: { targetKeyId }, outputs: { arn: alias.AliasArn, targetKeyArn: KeyMetadata?.Arn } };
    },
    delete: async ({ aws, id }) => {
      await aws.kms.send(new DeleteAliasCommand({ AliasName: id }));
    },
  },
};

async function rotate({ aws, id, inputs }: Existing): Promise<void> {
  await (inputs.enableKeyRotation === true
    ? aws.kms.send(new EnableKeyRotationCommand({ KeyId: id }))
    : aws.kms.send(new DisableKeyRotationCommand({ KeyId: id })));
}

/** Only these rotate; KMS refuses to speak of the rotation of others. */
function isSymmetric(spec: unknown): boolean {
  return spec === undefined || spec === "SYMMETRIC_DEFAULT";
}

function keyTags(tags: Tags): Tag[] {
  return Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}
