/** What a status site of the cloud says of alarms whose state it cannot read: that it does not know. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { statusApp } from "../../cloud/status/app.ts";
import { awsSources } from "../../cloud/status/aws-sources.ts";
import { cloudView, type StatusSources } from "../../cloud/status/view.ts";
import type { AlarmReading } from "../../monitor/status-view.ts";
import { buildPlan } from "../../plan/plan.ts";
import { siteOf } from "../../plan/status.ts";
import { bodyless, dripHeaders, silent } from "../support/faulty.ts";
import { type Ask, expectStatusApi, serversOf } from "../support/status-contract.ts";
import { well } from "../support/status-samples.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const site = siteOf(buildPlan(loadEnvironment(diskSource(ROOT), "staging")), "aws");
const [first] = site.servers.flatMap(({ composites }) => composites.filter(({ acts }) => acts));
const NOW = Date.now();
const FIRING: AlarmReading = { state: "ALARM", since: NOW, reason: "it is down" };

function asked(sources: StatusSources): { readonly ask: Ask; readonly told: string[] } {
  const told: string[] = [];
  const tell = (line: string): unknown => told.push(line);
  const app = statusApp(cloudView({ site, sources, tell }), tell);
  return { ask: async (path, method = "GET") => app.request(path, { method }), told };
}

/** Every alarm that a site shows, those of the fleet too. */
async function alarmsOf(ask: Ask) {
  const { servers, fleet } = await serversOf(ask);
  return [...servers, fleet].flatMap(({ alarms, composites }) => [...alarms, ...composites]);
}

const sources = (alarms: StatusSources["alarms"]): StatusSources => ({
  results: async () => [well("memory", NOW)],
  alarms,
  events: async () => [],
});

describe("an alarm whose state is not known", () => {
  it.each([
    ["cannot be read from there", null],
    ["cannot be read now", () => Promise.reject(new Error("throttled"))],
  ])("has no state where alarms %s, and none of CloudWatch's", async (_, alarms) => {
    const { ask } = asked(sources(alarms));
    await expectStatusApi(ask);
    const all = await alarmsOf(ask);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(({ state, since }) => state !== null || since !== null)).toEqual([]);
    expect((await serversOf(ask)).health).toMatchObject({ alarms: null, servers: { healthy: 1 } });
  });

  it("has no state where the alarm is not there, beside those that are", async () => {
    const name = first?.alarm ?? "";
    const { ask } = asked(sources(async () => new Map([[name, FIRING]])));
    const known = (await alarmsOf(ask)).filter(({ state }) => state !== null);
    expect(known).toMatchObject([{ alarm: name, state: "ALARM", reason: "it is down" }]);
    expect((await serversOf(ask)).health.alarms).toBe(1);
  });
});

describe("AWS that takes a request", () => {
  it.concurrent.each([
    ["and never answers", silent],
    ["and never ends the headers of its answer", dripHeaders],
    ["and never ends its answer", bodyless],
  ])("%s is given up in time, and said to be unknown", async (_, server) => {
    await using aws = await server();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const places = { resultsTable: "results", incidentsTable: "incidents", shards: 1 };
    const client = { endpoint: aws.origin, region: "eu-west-1", credentials };
    const { ask, told } = asked(awsSources({ site, places, client }));
    const from = performance.now();
    expect((await serversOf(ask)).health).toMatchObject({ status: "unknown", alarms: null });
    // the function itself ends after 15 s
    expect(performance.now() - from).toBeLessThan(12_000);
    expect(told).toHaveLength(2);
  });
});
