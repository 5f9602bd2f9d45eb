import { expect, test } from "vitest";
import { GrafanaDashboards } from "../../components/grafana-dashboards.ts";
import type { GrafanaDashboard } from "../../plan/grafana/dashboards.ts";
import { record } from "../support/pulumi-mocks.ts";

// Says what the program hands to the engine; that a sidecar of Grafana finds it is not proved here.

const dashboard = (uid: string, description = "What is broken."): GrafanaDashboard => ({
  uid,
  title: uid,
  dashboard: {
    uid,
    title: uid,
    description,
    schemaVersion: 42,
    templating: { list: [] },
    annotations: { list: [] },
    panels: [],
  },
});

const provision = (dashboards: readonly GrafanaDashboard[]) =>
  record(
    () => new GrafanaDashboards("grafana", { environment: "test", namespace: "monitoring", dashboards }),
  );

test("[PLAY-09] each dashboard is one ConfigMap with the label that Grafana's sidecar looks for", async () => {
  const given = [dashboard("mcp-overview"), dashboard("task-mcp-api")];
  const [root, ...maps] = await provision(given);
  expect(root).toMatchObject({ type: "rollcall:index:GrafanaDashboards", parent: "" });
  expect(maps.map(({ type, parent }) => [type, parent])).toEqual(
    given.map(() => ["kubernetes:core/v1:ConfigMap", root?.urn]),
  );
  expect(maps.map(({ inputs }) => inputs.metadata)).toEqual(
    given.map(({ uid }) => ({
      name: `grafana-dashboard-${uid}`,
      namespace: "monitoring",
      labels: {
        app: "grafana-dashboards",
        "app.kubernetes.io/name": "grafana-dashboards",
        "app.kubernetes.io/instance": "test",
        "app.kubernetes.io/part-of": "rollcall",
        grafana_dashboard: "1",
      },
      annotations: { grafana_folder: "Rollcall" },
    })),
  );
  for (const [index, { uid, dashboard }] of given.entries()) {
    const data: Record<string, string> = maps[index]?.inputs.data;
    expect(Object.keys(data)).toEqual([`${uid}.json`]);
    expect(JSON.parse(data[`${uid}.json`] ?? "")).toEqual(dashboard);
  }
});

test("a dashboard that no ConfigMap can hold is refused by its name, and nothing is made", async () => {
  await expect(
    provision([dashboard("mcp-overview"), dashboard("huge", "é".repeat(524_288))]),
  ).rejects.toThrow(/the dashboard huge has \d+ bytes, and a ConfigMap holds less than 1048576/);
});
