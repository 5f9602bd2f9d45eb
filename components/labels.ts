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
