import type { StackValidationPolicy } from "@pulumi/policy";
import { LOG_RETENTION_DAYS } from "../catalog/log-classes.ts";
import { listOf, numberOf, ofType, type Props, propsOf, readable, textOf } from "./resources.ts";

const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";
const BUCKET = "aws:s3/bucket:Bucket";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const FUNCTION = "aws:lambda/function:Function";
const DELIVERY_CLASS = "DELIVERY";

/**
 * Nothing is kept for ever by accident: a log group without days never loses a line, nor a bucket an object, and a
 * function that is given no log group makes one without days.
 */
export const retainedEverywhere: StackValidationPolicy = {
  name: "retention-everywhere",
  description:
    "Every log group says how many days its lines are kept, every bucket when objects end, and every function where it logs.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources: found }, report) => {
    const resources = found.map(readable);
    for (const { name, urn, props } of ofType(resources, LOG_GROUP)) {
      const days = numberOf(props.retentionInDays) ?? 0;
      if (props.logGroupClass === DELIVERY_CLASS || LOG_RETENTION_DAYS.some((legal) => legal === days))
        continue;
      const what =
        days === 0 ? "keeps its lines for ever" : `keeps its lines ${days} days, which CloudWatch refuses`;
      report(
        `${name} ${what}; set retentionInDays to the days of its class in the catalog (retention.logs)`,
        urn,
      );
    }
    const lifecycles = ofType(resources, LIFECYCLE);
    const ending = lifecycles.filter(({ props }) => listOf(props.rules).map(propsOf).some(hasEnd));
    for (const { name, urn } of lifecycles.filter((one) => !ending.includes(one)))
      report(
        `${name} ends no object; give a rule expiration.days, as retention.backups of the catalog says`,
        urn,
      );
    for (const { name, urn, props } of ofType(resources, BUCKET))
      if (!lifecycles.some((one) => one.props.bucket === (props.id ?? props.bucket)))
        report(`${name} keeps its objects for ever; add a BucketLifecycleConfiguration`, urn);
    const made = ofType(resources, LOG_GROUP).map(({ props }) => props.name);
    for (const { name, urn, props } of ofType(resources, FUNCTION))
      if (isLambdasOwn(textOf(propsOf(props.loggingConfig).logGroup), made))
        report(
          `${name} makes its own log group, which keeps its lines for ever; set loggingConfig.logGroup`,
          urn,
        );
  },
};

function hasEnd({ status, expiration }: Props): boolean {
  return status === "Enabled" && (numberOf(propsOf(expiration).days) ?? 0) > 0;
}

/** The log group that Lambda makes for a function that is given none, and tells of as if it had been given. */
function isLambdasOwn(group: string, made: readonly unknown[]): boolean {
  return group === "" || (group.startsWith("/aws/lambda/") && !made.includes(group));
}
