import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import * as pulumi from "@pulumi/pulumi";
import type { EscalatorPlan } from "../plan/escalator.ts";
import { AcknowledgeDoor } from "./acknowledge-door.ts";
import { CloudFunction, type CloudFunctionArgs } from "./cloud-function.ts";
import {
  acknowledgeRights,
  type EscalationPlace,
  notifierRights,
  relayRights,
  starterRights,
} from "./escalation-policies.ts";
import type { EscalationStore } from "./escalation-store.ts";
import { partitionOf } from "./policy-document.ts";

/** Folders of the bundled programs of the escalation, each with its `index.mjs`. */
export interface EscalationBundles {
  readonly starter: string;
  readonly notifier: string;
  readonly acknowledge: string;
  readonly relay: string;
}

/** What all functions of an escalation share. */
export interface EscalationFunctionsArgs extends EscalationPlace {
  readonly plan: EscalatorPlan;
  readonly bundles: EscalationBundles;
  readonly store: EscalationStore;
  /** Where their lines go. */
  readonly logGroup: LogGroup;
}

/** How often Lambda repeats a delivery that failed, a minute and two minutes later, before it is undelivered. */
const RETRIES = 2;
const MEMORY_MB = 256;

/** Calls the public address and makes its link: who tells levels. */
export function notifierFunction(
  parent: pulumi.Resource,
  name: string,
  args: EscalationFunctionsArgs & { readonly topicArns: readonly pulumi.Input<string>[] },
): CloudFunction {
  const { plan, bundles, store } = args;
  const rights = { ...args, tableArn: store.table.arn, linkKeyArn: store.linkKey.arn };
  const acknowledge = new CloudFunction(
    `${name}-acknowledge`,
    {
      ...shared(args),
      functionName: plan.functions.acknowledge,
      description: "Takes acknowledgements by signed links",
      bundle: bundles.acknowledge,
      variables: { ...table(plan), ROLLCALL_LINK_KEY: store.linkKey.arn },
      policy: acknowledgeRights({ ...rights, machineArn: machineArn(args) }),
      timeoutSeconds: 10,
      concurrency: plan.doorConcurrency,
    },
    { parent },
  );
  const door = new AcknowledgeDoor(`${name}-door`, { functionName: acknowledge.functionName }, { parent });
  return new CloudFunction(
    `${name}-notifier`,
    {
      ...shared(args),
      functionName: plan.functions.notifier,
      description: "Tells the levels of an incident",
      bundle: bundles.notifier,
      variables: {
        ...table(plan),
        ROLLCALL_TOPICS: within(args, "sns", ""),
        ROLLCALL_LINK_KEY: store.linkKey.arn,
        ROLLCALL_DOOR: door.url,
      },
      policy: notifierRights(rights),
      timeoutSeconds: 50,
    },
    { parent },
  );
}

/** Begins and ends incidents. */
export function starterFunction(
  parent: pulumi.Resource,
  name: string,
  args: EscalationFunctionsArgs & { readonly startsArn: pulumi.Input<string> },
): CloudFunction {
  const { plan, bundles, store, startsArn } = args;
  const { environment, fallback, alarms } = plan;
  const escalations = plan.escalations.map(({ escalation }) => escalation);
  const queueArn = store.queue.arn;
  return new CloudFunction(
    `${name}-starter`,
    {
      ...shared(args),
      functionName: plan.functions.starter,
      description: "Begins an incident when an alarm fires, and ends it when it is over",
      bundle: bundles.starter,
      files: { "starter.json": JSON.stringify({ environment, fallback, escalations, alarms }) },
      variables: { ...table(plan), ROLLCALL_MACHINE: startsArn },
      policy: starterRights({ ...args, tableArn: store.table.arn, machineArn: startsArn, queueArn }),
      timeoutSeconds: 30,
      onFailure: { queueArn, retries: RETRIES },
    },
    { parent },
  );
}

/** Tells Slack and PagerDuty. */
export function relayFunction(
  parent: pulumi.Resource,
  name: string,
  args: EscalationFunctionsArgs,
): CloudFunction {
  const { plan, bundles, store } = args;
  const queueArn = store.queue.arn;
  const parameterArns = plan.secrets.map((secret) => within(args, "ssm", `parameter${secret}`));
  const targets = plan.relay;
  return new CloudFunction(
    `${name}-relay`,
    {
      ...shared(args),
      functionName: plan.functions.relay,
      description: "Tells Slack and PagerDuty what a level is told",
      bundle: bundles.relay,
      files: { "relay.json": JSON.stringify({ environment: plan.environment, targets }) },
      variables: table(plan),
      policy: relayRights({ ...args, tableArn: store.table.arn, queueArn, parameterArns }),
      timeoutSeconds: 60,
      onFailure: { queueArn, retries: RETRIES },
    },
    { parent },
  );
}

function shared({ keyArn, logGroup }: EscalationFunctionsArgs) {
  return { keyArn, logGroup, memoryMb: MEMORY_MB } satisfies Partial<CloudFunctionArgs>;
}

function table(plan: EscalatorPlan): Readonly<Record<string, string>> {
  return { ROLLCALL_INCIDENTS: plan.table, ROLLCALL_KEEP_DAYS: String(plan.keepDays) };
}

/** By its name: the machine needs the notifier, which needs the address of a function that may wake the machine. */
function machineArn(args: EscalationFunctionsArgs): pulumi.Output<string> {
  return within(args, "states", `stateMachine:${args.plan.machine}`);
}

function within(
  { region, accountId }: EscalationPlace,
  service: string,
  what: string,
): pulumi.Output<string> {
  return pulumi.interpolate`arn:${partitionOf(region)}:${service}:${region}:${accountId}:${what}`;
}
