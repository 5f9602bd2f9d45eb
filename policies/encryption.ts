import type { StackValidationPolicy } from "@pulumi/policy";
import { listOf, ofType, type Props, propsOf, readable, type Subject, textOf } from "./resources.ts";

/** What each type has to name so that it is encrypted with a key of the environment, and how it is called. */
const KEYS: Readonly<Record<string, { readonly input: string; readonly of: (props: Props) => string }>> = {
  "aws:sns/topic:Topic": { input: "kmsMasterKeyId", of: ({ kmsMasterKeyId }) => textOf(kmsMasterKeyId) },
  "aws:sqs/queue:Queue": { input: "kmsMasterKeyId", of: ({ kmsMasterKeyId }) => textOf(kmsMasterKeyId) },
  "aws:cloudwatch/logGroup:LogGroup": { input: "kmsKeyId", of: ({ kmsKeyId }) => textOf(kmsKeyId) },
  "aws:lambda/function:Function": { input: "kmsKeyArn", of: ({ kmsKeyArn }) => textOf(kmsKeyArn) },
  "aws:dynamodb/table:Table": {
    input: "serverSideEncryption.kmsKeyArn",
    of: ({ serverSideEncryption }) => textOf(propsOf(serverSideEncryption).kmsKeyArn),
  },
};
/** A key that AWS manages, by the name or the ARN of its alias. */
const MANAGED = /(^|:)alias\/aws\//;
const BUCKET = "aws:s3/bucket:Bucket";
const BUCKET_KEY = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";

/** Whatever stores something does so with a key that the environment owns, and whose policy lets alarms publish. */
export const encryptedEverywhere: StackValidationPolicy = {
  name: "encryption-everywhere",
  description:
    "Topics, queues, log groups, tables, functions and buckets are encrypted with a key of the environment.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources: found }, report) => {
    const resources = found.map(readable);
    for (const { type, name, urn, props } of resources) {
      const key = KEYS[type];
      if (key === undefined) continue;
      const named = key.of(props);
      if (named === "")
        report(`${name} is not encrypted with a key of the environment; set ${key.input}`, urn);
      else if (MANAGED.test(named))
        report(`${name} uses ${named}, whose policy nobody can change: alarms fail there in silence`, urn);
    }
    const encrypted = ofType(resources, BUCKET_KEY).filter(usesKms);
    for (const { name, urn, props } of ofType(resources, BUCKET))
      if (!encrypted.some((one) => one.props.bucket === (props.id ?? props.bucket)))
        report(
          `${name} has no encryption by aws:kms with a key of the environment; add a BucketServerSideEncryptionConfiguration`,
          urn,
        );
  },
};

function usesKms({ props }: Subject): boolean {
  return listOf(props.rules).some((rule) => {
    const { sseAlgorithm, kmsMasterKeyId } = propsOf(propsOf(rule).applyServerSideEncryptionByDefault);
    const key = textOf(kmsMasterKeyId);
    return sseAlgorithm === "aws:kms" && key !== "" && !MANAGED.test(key);
  });
}
