import type { PlannedAlarm, PlannedComposite } from "../plan/types.ts";

/** The labels of every Kubernetes object of an environment; `app` is what the handbooks' commands select by. */
export function labelsOf({
  app,
  environment,
  component,
}: {
  readonly app: string;
  readonly environment: string;
  /** What it is for among the objects of the app. @default none */
  readonly component?: string;
}): Record<string, string> {
  return {
    app,
    "app.kubernetes.io/name": app,
    "app.kubernetes.io/instance": environment,
    ...(component === undefined ? {} : { "app.kubernetes.io/component": component }),
    "app.kubernetes.io/part-of": "rollcall",
  };
}

/** Tags of an alarm: who it is for, how bad it is, what to read, and which promise it guards. */
export function alarmTags(
  alarm: PlannedAlarm | PlannedComposite,
  environment: string,
): Record<string, string> {
  return {
    Environment: environment,
    Server: alarm.server,
    Severity: alarm.severity,
    Runbook: alarm.runbook,
    ...("family" in alarm ? { Family: alarm.family } : {}),
    ...("guards" in alarm && alarm.guards !== null ? { Guards: alarm.guards } : {}),
  };
}
