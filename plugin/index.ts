/** Rollcall's components with flat arguments, for Pulumi programs in any language; this module is for those in TypeScript. */
export { AlarmTopic, type AlarmTopicArgs } from "./alarm-topic.ts";
export { BackupVault, type BackupVaultArgs } from "./backup-vault.ts";
export { Environment, type EnvironmentArgs } from "./environment.ts";
export { EnvironmentKey, type EnvironmentKeyArgs } from "./environment-key.ts";
export { LogRetention, type LogRetentionArgs } from "./log-retention.ts";
export {
  type Caller,
  type Connection,
  type Destination,
  McpServer,
  type McpServerArgs,
} from "./mcp-server.ts";
