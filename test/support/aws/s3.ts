import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
} from "@aws-sdk/client-s3";
import { REGION } from "../aws-types.ts";
import type { Clients } from "./clients.ts";
import { type Tagging, type Things, tagList, tagsIn, tagsOf } from "./things.ts";
import { text } from "./words.ts";

const tags: Tagging = {
  list: async ({ aws, id }) => {
    try {
      return tagsIn((await aws.s3.send(new GetBucketTaggingCommand({ Bucket: id }))).TagSet);
    } catch (error) {
      // S3 says it this way when there are none
      if (error instanceof Error && error.name === "NoSuchTagSet") return {};
      throw error;
    }
  },
  change: async ({ aws, id, all }) => {
    const Tagging = { TagSet: tagList(all) };
    await (Object.keys(all).length === 0
      ? aws.s3.send(new DeleteBucketTaggingCommand({ Bucket: id }))
      : aws.s3.send(new PutBucketTaggingCommand({ Bucket: id, Tagging })));
  },
};

/** Buckets; what is set on them is in bucket-settings.ts. */
export const S3: Things = {
  "aws:s3/bucket:Bucket": {
    computed: ["arn", "bucketDomainName", "bucketRegionalDomainName", "region"],
    create: async ({ aws, inputs }) => {
      const Bucket = text(inputs.bucket);
      await aws.s3.send(
        new CreateBucketCommand({
          Bucket,
          ObjectLockEnabledForBucket: inputs.objectLockEnabled === true,
          CreateBucketConfiguration: { LocationConstraint: REGION },
        }),
      );
      const all = tagsOf(inputs);
      if (Object.keys(all).length > 0)
        await tags.change({ aws, inputs, id: Bucket, arn: Bucket, all, added: all, removed: [] });
      return Bucket;
    },
    // nothing of a bucket itself changes in place but its tags
    update: async () => undefined,
    read: async ({ aws, id }) => {
      const { LocationConstraint: region } = await aws.s3.send(new GetBucketLocationCommand({ Bucket: id }));
      return {
        inputs: {},
        outputs: {
          arn: `arn:aws:s3:::${id}`,
          bucketDomainName: `${id}.s3.amazonaws.com`,
          bucketRegionalDomainName: `${id}.s3.${region}.amazonaws.com`,
          region,
        },
      };
    },
    delete: async ({ aws, id, inputs }) => {
      if (inputs.forceDestroy === true) await empty(aws, id);
      await aws.s3.send(new DeleteBucketCommand({ Bucket: id }));
    },
    tags,
  },
};

/** Deletes every version; one that a compliance lock holds stays, and S3 says so. */
async function empty({ s3 }: Clients, Bucket: string): Promise<void> {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }));
}
