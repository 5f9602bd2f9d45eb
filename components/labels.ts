import type { PlannedAlarm, PlannedComposite } from "../plan/types.ts";

/** The labels of every Kubernetes object of an environment; `app` is what the handbooks' commands select by. */
export function labelsOf({
  app,
  environment,
}: {
  readonly app: string;
  readonly environment: string;
}): Record<string, string> {
  return {
    app,
    "app.kubernetes.io/name": app,
    "app.kubernetes.io/instance": environment,
    "app.kubernetes.io/part-of": "rollcall",
  };
}

/** Tags of an alarm: who it is for, how bad it is, what to read. */
export function alarmTags(
  alarm: PlannedAlarm | PlannedComposite,
  environment: string,
): Record<string, string> {
  return {
    Environment: environment,
    Server: alarm.server,
    Severity: alarm.severity,
    Runbook: alarm.runbook,
  };
}
