import * as pulumi from "@pulumi/pulumi";
import { document, partitionOf, type Statement, suffixOf } from "./policy-document.ts";

export interface ReadStatusArgs {
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
  /** ARN of the key that the tables are encrypted with. */
  readonly keyArn: pulumi.Input<string>;
  /** Name of the table that holds the last results beside the breakers. */
  readonly resultsTable: string;
  readonly incidentsTable: string;
}

/**
 * Reads the last results but no breaker beside them, incidents but not the token by which one is acknowledged, and how
 * alarms are and were. It writes nothing.
 */
export function readStatus(args: ReadStatusArgs): pulumi.Output<string> {
  const { region, accountId, keyArn, resultsTable, incidentsTable } = args;
  const table = (name: string) =>
    pulumi.interpolate`arn:${partitionOf(region)}:dynamodb:${region}:${accountId}:table/${name}`;
  return document(
    readOnly(table(resultsTable), { keys: ["results#*"], attributes: ["key", "body"] }),
    readOnly(table(incidentsTable), {
      // the pointers of the alarms, and the incidents, which 32 hexadecimal digits name
      keys: ["alarm *", "?".repeat(32)],
      attributes: ["key", "incident", "sent", "acknowledged", "recovered"],
    }),
    {
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: keyArn,
      Condition: { StringEquals: { "kms:ViaService": `dynamodb.${region}.${suffixOf(region)}` } },
    },
    {
      Effect: "Allow",
      Action: ["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"],
      // with a narrower scope neither call returns a composite alarm (CloudWatch API reference, DescribeAlarms)
      Resource: "*",
    },
  );
}

/** Items of a table by these keys, and of each these attributes only. */
function readOnly(
  tableArn: pulumi.Input<string>,
  { keys, attributes }: { readonly keys: readonly string[]; readonly attributes: readonly string[] },
): Statement {
  return {
    Effect: "Allow",
    Action: "dynamodb:BatchGetItem",
    Resource: tableArn,
    Condition: {
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys },
      "ForAllValues:StringEquals": { "dynamodb:Attributes": attributes },
      // a call that names no attributes would get them all
      StringEqualsIfExists: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
    },
  };
}
