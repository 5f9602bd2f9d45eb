import { z } from "zod";

/** Stand for an account and a key that are known later. */
export const ACCOUNT = "123456789012";
export const SOME_KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/some`;

/** A region of AWS. */
export const awsRegion = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be a region of AWS, such as eu-central-1");

/** The number of an AWS account. */
export const accountNumber = z
  .string()
  .regex(/^\d{12}$/, "must be the number of an account, such as 123456789012");

/** A key of KMS. */
export const keyArn = z
  .string()
  .regex(
    /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
    "must be the ARN of a key, such as arn:aws:kms:eu-central-1:123456789012:key/<id>",
  );

/** A role of IAM; a role that was assumed is not one. */
export const roleArn = z
  .string()
  .regex(
    /^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    "must be the ARN of a role, such as arn:aws:iam::123456789012:role/backup-administrator",
  );

/** Name of a bucket that a hyphen and twelve digits come after, in the 63 characters of S3. */
export const bucketName = z
  .string()
  .max(50, "must have at most 50 characters: the number of the account comes after it")
  .regex(/^[a-z0-9][a-z0-9-]+$/, "must be in lower case, digits and hyphens, such as rollcall-backups");

/** Name of a topic or an alias. */
export const awsName = z
  .string()
  .max(240, "must have at most 240 characters")
  .regex(/^[a-zA-Z0-9_-]+$/, "must match [a-zA-Z0-9_-], such as production-alarms");

/** Name of a log group of CloudWatch. */
export const logGroupName = z
  .string()
  .max(512, "must have at most 512 characters")
  .regex(/^[\w./#-]+$/, "must be the name of a log group, such as /rollcall/production/servers");
