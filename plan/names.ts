export { FLEET } from "../catalog/names.ts";

/** Names that several parts of a plan refer to; each is written here once. */
export const alarmName = (environment: string, server: string, suffix: string): string =>
  `${environment}-${server}-${suffix}`;
export const topicName = (environment: string, escalation: string, level: string): string =>
  `${environment}-${escalation}-${level}`;
export const probeLogGroup = (environment: string): string => `/rollcall/${environment}/probe`;
export const serverLogGroup = (environment: string, server: string): string =>
  `/rollcall/${environment}/servers/${server}`;

/** Folder (as a name prefix) of everything that an environment owns. */
export const owned = (environment: string, what: string): string => `rollcall-${environment}-${what}`;
