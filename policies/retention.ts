import type { ResourceValidationPolicy } from "@pulumi/policy";
import { LOG_RETENTION_DAYS } from "../catalog/log-classes.ts";
import { listOf, numberOf, type Props, propsOf, readable } from "./resources.ts";

const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const DELIVERY_CLASS = "DELIVERY";

/** Nothing is kept for ever by accident: a log group without days never loses a line, nor a bucket an object. */
export const retainedEverywhere: ResourceValidationPolicy = {
  name: "retention-everywhere",
  description: "Every log group says how many days its lines are kept, and every lifecycle when objects end.",
  enforcementLevel: "mandatory",
  validateResource: (resource, report) => {
    const { type, props, name } = readable(resource);
    if (type === LOG_GROUP && props.logGroupClass !== DELIVERY_CLASS) {
      const days = numberOf(props.retentionInDays) ?? 0;
      if (LOG_RETENTION_DAYS.some((legal) => legal === days)) return;
      const what =
        days === 0 ? "keeps its lines for ever" : `keeps its lines ${days} days, which CloudWatch refuses`;
      report(`${name} ${what}; set retentionInDays to the days of its class in the catalog (retention.logs)`);
    }
    if (type === LIFECYCLE && !listOf(props.rules).map(propsOf).some(hasEnd))
      report(`${name} ends no object; give a rule expiration.days, as retention.backups of the catalog says`);
  },
};

function hasEnd({ status, expiration }: Props): boolean {
  return status === "Enabled" && (numberOf(propsOf(expiration).days) ?? 0) > 0;
}
