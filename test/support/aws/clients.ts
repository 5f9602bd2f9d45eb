import { setTimeout as delay } from "node:timers/promises";
import { CloudWatchClient, CloudWatchServiceException } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";
import { ACCOUNT, REGION } from "../aws-types.ts";

/** As often as the vendor's provider; it waits up to 20 s between two, by which sixteen at once would stand idle. */
const ATTEMPTS = 25;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 4000;
const SECOND_MS = 1000;

/** One client a service. */
export type Clients = ReturnType<typeof openClients>;

/** Settings of any AWS client that talks to the emulator; it takes an access key of 12 digits for the account. */
export function emulatorConfig(endpoint: string) {
  const credentials = { accessKeyId: ACCOUNT, secretAccessKey: "none" };
  return { endpoint, region: REGION, credentials, maxAttempts: 3 };
}

/**
 * Clients of every service, on the emulator. With `callsPerSecond` each operation of CloudWatch answers
 * ThrottlingException beyond that many calls within a second, as AWS does; it is then tried again with backoff.
 */
export function openClients({
  endpoint,
  callsPerSecond,
  onThrottled,
}: {
  readonly endpoint: string;
  readonly callsPerSecond?: number;
  readonly onThrottled?: () => void;
}) {
  const config = emulatorConfig(endpoint);
  const cloudwatch = new CloudWatchClient({ ...config, retryStrategy: patientRetries() });
  if (callsPerSecond !== undefined) throttle({ cloudwatch, callsPerSecond, onThrottled });
  return {
    cloudwatch,
    dynamodb: new DynamoDBClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    lambda: new LambdaClient(config),
    logs: new CloudWatchLogsClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    scheduler: new SchedulerClient(config),
    sfn: new SFNClient(config),
    sns: new SNSClient(config),
    sqs: new SQSClient(config),
    sts: new STSClient(config),
  };
}

/** Each attempt counts, tried again or not; every operation has a limit of its own, as in AWS. */
function throttle({
  cloudwatch,
  callsPerSecond,
  onThrottled,
}: {
  readonly cloudwatch: CloudWatchClient;
  readonly callsPerSecond: number;
  readonly onThrottled: (() => void) | undefined;
}): void {
  const recent = new Map<string, readonly number[]>();
  cloudwatch.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        const now = performance.now();
        const calls = (recent.get(commandName) ?? []).filter((time) => now - time < SECOND_MS);
        if (calls.length >= callsPerSecond) {
          onThrottled?.();
          throw new CloudWatchServiceException({
            name: "ThrottlingException",
            message: "Rate exceeded",
            $fault: "client",
            $metadata: { httpStatusCode: 400 },
          });
        }
        recent.set(commandName, [...calls, now]);
        return next(args);
      },
    // below the retries, which stand in the step before
    { step: "deserialize", name: "throttle" },
  );
}

/**
 * The SDK's standard retries share a budget of about a hundred over all calls of a client, which a stack of alarms
 * uses up at three calls a second; the vendor's provider runs without it.
 */
function patientRetries() {
  const token = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  return {
    acquireInitialRetryToken: async () => token(0),
    refreshRetryTokenForRetry: async (
      last: { getRetryCount(): number },
      { errorType, error }: { readonly errorType: string; readonly error?: unknown },
    ) => {
      const count = last.getRetryCount() + 1;
      if (errorType === "CLIENT_ERROR" || count >= ATTEMPTS) throw error ?? new Error(errorType);
      await delay(Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** count));
      return token(count);
    },
    recordSuccess: () => undefined,
  };
}
