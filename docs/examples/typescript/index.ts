// before `npm install`, which only links the package: `npm --prefix ../../.. ci` in the checkout that it lies in
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import { AlarmTopic, BackupVault, EnvironmentKey, LogRetention, McpServer } from "rollcall-components";

const environment = pulumi.getStack();
const region = "eu-central-1";

// one server of an MCP fleet, in a namespace of this program
const namespace = new Namespace("tools", {
  metadata: { name: "tools", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
});
const server = new McpServer("task-mcp", {
  environment,
  server: "task-mcp",
  namespace: namespace.metadata.name,
  image: `registry.example.com/task-mcp@sha256:${"3f".repeat(32)}`,
  port: 3000,
  replicasMin: 2,
  replicasMax: 6,
  healthPath: "/health/live",
  readyPath: "/health/ready",
  env: { LOG_LEVEL: "info" },
  secretEnv: { DATABASE_PASSWORD: "task-mcp/password" },
  callers: [{ namespace: "agents", app: "planner" }],
  egress: [{ to: { namespace: "data", app: "postgresql" }, ports: [5432] }],
});

// where its lines, its backups and its alarms go, encrypted with one key
const key = new EnvironmentKey("key", { keyName: `${environment}-tools`, region });
const logs = new LogRetention("logs", {
  names: [`/rollcall/${environment}/task-mcp`],
  retentionDays: 90,
  keyArn: key.arn,
});
const backups = new BackupVault("backups", {
  bucketName: `${environment}-tools-backups`,
  retentionDays: 30,
  lockDays: 7,
  region,
  keyArn: key.arn,
});
const alarms = new AlarmTopic("alarms", { topicName: `${environment}-tools-alarms`, keyArn: key.arn });

export const origin = server.origin;
export const logGroupArns = logs.logGroupArns;
export const bucket = backups.bucket;
export const alarmTopic = alarms.arn;
