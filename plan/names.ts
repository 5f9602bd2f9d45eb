export { FLEET } from "../catalog/names.ts";

/** Names that several parts of a plan refer to; each is written here once. */
export const alarmName = (environment: string, server: string, suffix: string): string =>
  `${environment}-${server}-${suffix}`;
export const topicName = (environment: string, escalation: string, level: string): string =>
  `${environment}-${escalation}-${level}`;
/** The topic that every alarm of an environment publishes to; its escalation takes it from there. */
export const intakeTopic = (environment: string): string => owned(environment, "alarms");
export const escalationLogGroup = (environment: string): string => `/rollcall/${environment}/escalation`;
/** Name of the state machine that tells people of the environment's alarms. */
export const escalationMachineName = (environment: string): string => owned(environment, "escalation");
/** The queue of the messages of an escalation that could not be delivered. */
export const escalationDeadLetters = (environment: string): string =>
  owned(environment, "escalation-dead-letters");
/** The group of the environment's schedules, by which EventBridge Scheduler counts what it dropped. */
export const scheduleGroup = (environment: string): string => owned(environment, "schedules");
export const probeLogGroup = (environment: string): string => `/rollcall/${environment}/probe`;
/** What serves the status, and the value of the label `app` of its pods. */
export const statusName = (environment: string): string => owned(environment, "status");
export const statusLogGroup = (environment: string): string => `/rollcall/${environment}/status`;
export const backupLogGroup = (environment: string): string => `/rollcall/${environment}/backup`;
/** All servers share one log group, with a stream for each container of each pod. */
export const serversLogGroup = (environment: string): string => `/rollcall/${environment}/servers`;
/** Of a server whose lines are kept for another time than those of the others. */
export const serverLogGroup = (environment: string, server: string): string =>
  `/rollcall/${environment}/servers/${server}`;

/** Stands in a dimension where the number of the account goes: a plan does not know it, what provisions it does. */
export const ACCOUNT = "{account}";

/** The part of AWS that a region belongs to, as its ARNs name it. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Folder (as a name prefix) of everything that an environment owns. */
export const owned = (environment: string, what: string): string => `rollcall-${environment}-${what}`;
