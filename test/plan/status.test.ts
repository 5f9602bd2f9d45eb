import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { status } from "../../catalog/status.ts";
import type { Environment } from "../../catalog/types.ts";
import { buildPlan, planProblems } from "../../plan/plan.ts";
import { siteOf } from "../../plan/status.ts";

/** Where the status is served, and to whom. */

const ROOT = `${import.meta.dirname}/../..`;
const staging = loadEnvironment(diskSource(ROOT), "staging");
const settings = (given: object): Environment => ({ ...staging, status: status.parse(given) });
const planned = (given: object) => buildPlan(settings(given)).status;

describe("the status site", () => {
  it("is closed unless somebody is named: by IAM in AWS, and not at all in the cluster", () => {
    expect(status.parse({})).toEqual({ aws: "function-url", cluster: false, readers: [], namespaces: [] });
    const plan = planned({});
    expect(plan?.aws?.readers).toEqual([]);
    expect(plan?.cluster).toBeNull();
  });

  it("lets no pod in before a namespace is named, and then those of that namespace only", () => {
    expect(planned({ cluster: true })?.cluster?.network.ingress).toEqual([]);
    expect(planned({ cluster: true, namespaces: ["portal"] })?.cluster?.network.ingress).toEqual([
      { peers: [{ namespace: "portal", labels: {} }], ports: [{ port: 9_466, protocol: "TCP" }] },
    ]);
  });

  it.each([
    "*",
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:role/*",
    "arn:aws:iam::*:role/reader",
    "123456789012",
    "lambda.amazonaws.com",
  ])("cannot be opened to %s", (reader) => {
    expect(status.safeParse({ readers: [reader] }).success).toBe(false);
  });

  it("may ask the exporter from the cluster, which answers its pods and Prometheus only", () => {
    const plan = buildPlan(settings({ cluster: true }));
    const { exporter } = plan.probe ?? {};
    const pods = { namespace: "rollcall", labels: { app: "rollcall-staging-status" } };
    expect(exporter?.network.ingress[0]?.peers).toEqual([{ namespace: "monitoring", labels: {} }, pods]);
    expect(plan.status?.cluster?.network.egress.at(-1)).toEqual({
      peers: [{ namespace: "rollcall", labels: { app: exporter?.name } }],
      ports: [{ port: exporter?.port, protocol: "TCP" }],
    });
    expect(plan.status?.cluster?.results).toBe("http://rollcall-staging-exporter.rollcall.svc:9464/results");
    const closed = buildPlan(settings({})).probe?.exporter?.network.ingress[0]?.peers;
    expect(closed).toEqual([{ namespace: "monitoring", labels: {} }]);
  });

  it("is refused in a cluster whose probe keeps no results", () => {
    const { kubernetes } = staging;
    if (kubernetes === null) throw new Error("staging has a cluster");
    const asked = {
      ...settings({ cluster: true }),
      kubernetes: { ...kubernetes, prober: "cronjob" as const },
    };
    expect(planProblems(asked)).toMatchObject([
      { path: "status.cluster", cure: expect.stringContaining("exporter") },
    ]);
    expect(planProblems(settings({ cluster: true }))).toEqual([]);
  });

  it("has a log group where it runs in AWS, and neither where it is off", () => {
    const groups = (given: object) => buildPlan(settings(given)).logGroups.map(({ name }) => name);
    expect(groups({})).toContain("/rollcall/staging/status");
    expect(groups({ aws: "off" })).not.toContain("/rollcall/staging/status");
    expect(planned({ aws: "off" })?.aws).toBeNull();
  });

  it("has the address in the cluster and the function that its page names", () => {
    const page = readFileSync(`${ROOT}/docs/status.md`, "utf8");
    const { aws, cluster } = planned({ cluster: true }) ?? {};
    const origin = `http://${cluster?.name}.${cluster?.namespace}.svc:${cluster?.port}`;
    expect(page).toContain(`\`${origin.replace("staging", "<env>")}\``);
    expect(page).toContain(`\`${aws?.name.replace("staging", "<env>")}\``);
  });

  it("shows the servers that are checked from where it reads, each with its alarms", () => {
    const servers = staging.servers.map((server) =>
      server.name === "memory"
        ? { ...server, probe: { ...server.probe, from: ["cluster" as const] } }
        : server,
    );
    const plan = buildPlan({ ...settings({}), servers });
    const names = (from: "aws" | "cluster") => siteOf(plan, from).servers.map(({ server }) => server);
    expect(names("aws")).not.toContain("memory");
    expect(names("cluster")).toContain("memory");
    const shown = siteOf(plan, "cluster").servers.find(({ server }) => server === "memory");
    const expected = plan.servers.find(({ server }) => server === "memory");
    expect(shown?.alarms.map(({ alarm }) => alarm)).toEqual(
      expected?.alarms.map(({ definition }) => definition.AlarmName),
    );
  });
});
