/**
 * The Pulumi program of `stacks/`, as it stands, on the real engine, a real API server and an emulator of AWS, twice
 * from nothing to nothing. What the emulator takes AWS may still refuse; alarms are set by hand, as no emulator
 * evaluates them as CloudWatch does.
 */
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { program } from "../../stacks/program.ts";
import { type Clients, openClients } from "../support/aws/clients.ts";
import { leftovers } from "../support/aws/leftovers.ts";
import { type MinistackAws, ministackAws } from "../support/aws/ministack-aws.ts";
import { type CatalogCopy, copyCatalog, watchedServer } from "../support/cloud-catalog.ts";
import { alarmNames, type CloudEars, listenTo, setAlarm, within } from "../support/cloud-ears.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, type EngineStep, openEngine } from "../support/engine.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { describeWithMinistack } from "../support/ministack.ts";
import { everythingOverHttp } from "../support/servers.ts";

const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
/** The server of the catalog's copy that really runs on this machine. */
const CLOCK = "clock";

describeWithMinistack("a whole environment", (ministack) => {
  describeWithTools(["pulumi", "kube-apiserver", "etcd"], "on the real engine", () => {
    const stops: (() => Promise<void> | void)[] = [];
    let catalog: CatalogCopy;
    let clients: Clients;
    let kube: Kube;
    const engines = new Map<string, { readonly engine: Engine; readonly aws: MinistackAws }>();

    beforeAll(async () => {
      const clock = await everythingOverHttp();
      stops.push(async () => clock[Symbol.asyncDispose]());
      catalog = shortened(copyCatalog(), clock.url);
      stops.push(catalog.end);
      kube = await startKube();
      stops.push(kube.stop);
      const { endpoint } = ministack();
      clients = openClients({ endpoint });
      for (const stack of ["staging", "production"]) {
        const aws = ministackAws({ endpoint });
        const build = () => program(catalog.root);
        const engine = await openEngine({ program: build, stack, project: "rollcall", kube, aws });
        engines.set(stack, { engine, aws });
        stops.push(engine.stop);
      }
    });

    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    const opened = (stack: string) => {
      const found = engines.get(stack);
      if (found === undefined) throw new Error(`no engine for ${stack}`);
      return found;
    };
    const planOf = (stack: string): Plan => buildPlan(loadEnvironment(diskSource(catalog.root), stack));

    // what is protected stays from the first round, and the second takes it over
    describe.each([["from nothing"], ["again"]])("%s", (round) => {
      it("[CARD-01] builds staging as its preview says, and a second up changes nothing", async () => {
        const { engine } = opened("staging");
        const preview = await engine.preview();
        expect(await heldOf("staging")).toEqual([]);

        const first = await engine.up();
        expect(first.diagnostics).toEqual([]);
        expect(first.summary).toEqual(preview.summary);
        expect(Object.keys(first.summary)).toEqual(["create"]);
        // composites name alarms, and CloudWatch refuses those that are not there: the order is the program's own
        expect(await ofStack("staging")).toEqual(planned(planOf("staging")));

        const second = await engine.up();
        expect(second.steps).toEqual([]);
        expect(Object.keys(second.summary)).toEqual(["same"]);
      });

      it("[CARD-02] holds its objects in the API server, without a warning, and their pods are admitted under `restricted`", async () => {
        const { engine } = opened("staging");
        expect(engine.kubernetes.warnings).toEqual([]);
        const { namespaces } = planOf("staging");
        for (const namespace of namespaces) {
          const { body } = await kube.client.request("GET", `/api/v1/namespaces/${namespace}`);
          expect(labelsOf(body)).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
          const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
          const { items } = asRecord((await kube.client.request("GET", path)).body);
          for (const deployment of items as JsonRecord[]) {
            const { template } = asRecord(deployment.spec);
            const name = String(asRecord(deployment.metadata).name);
            const admitted = await kube.client.admitPod(asRecord(template), namespace);
            expect(admitted, name).toMatchObject({ status: 201, warnings: [] });
          }
        }
      });

      it("[CARD-03] has its Scheduler fire the built probe, which checks a real server and writes what it found", async () => {
        const health = await within(150_000, "the status of the clock is known", async () => {
          const { overall_status: status } = await statusOf(clients, CLOCK);
          return status === "healthy" ? status : undefined;
        });
        expect(health).toBe("healthy");
        const line = await within(30_000, "the probe's line is in its log group", async () => {
          const asked = new FilterLogEventsCommand({ logGroupName: "/rollcall/staging/probe" });
          const { events = [] } = await clients.logs.send(asked);
          return events.find(({ message = "" }) => message.includes(`"Server":"${CLOCK}"`))?.message;
        });
        expect(JSON.parse(line)).toMatchObject({ Environment: "staging", Runner: "aws", McpAvailable: 1 });
      });

      it("[CARD-06] tells level 1 of an alarm, level 2 when the time has passed, nobody after an acknowledgement, and both when it is over", async () => {
        const ladder = ["L1", "L2", "L3"].map((level) => `staging-standard-${level}`);
        const [first = "", second = "", third = ""] = ladder;
        const ears = await listenTo(clients, ladder);
        const alarm = `staging-${CLOCK}-page`;
        const isTold = about(alarm, "told");

        await setAlarm(clients, `staging-${CLOCK}-down`, "ALARM");
        const told = await ears.hears(first, isTold);
        expect(await ears.heard(second)).toEqual([]);
        const later = await ears.hears(second, isTold);
        expect(Date.parse(later.at) - Date.parse(told.at)).toBeGreaterThan(7_000);

        expect(await acknowledge(ministack().endpoint, later.link)).toContain("Recorded");
        await untilPast(told.since, 30);
        expect(await ears.heard(third)).toEqual([]);

        await setAlarm(clients, `staging-${CLOCK}-down`, "OK");
        for (const topic of [first, second]) {
          const over = await ears.hears(topic, about(alarm, "over"));
          expect(over).toMatchObject({ incident: told.incident, by: "Ada" });
        }
        expect(await ears.heard(third)).toEqual([]);
        await quiet(ears, ladder);
      });

      it("shows a changed objective as exactly the alarms that it moves", async () => {
        const { engine } = opened("staging");
        const [before, after] = round === "from nothing" ? ["99.9%", "99.8%"] : ["99.8%", "99.9%"];
        catalog.edit("stacks/servers/task-mcp.yaml", `objective: ${before}`, `objective: ${after}`);
        const preview = await engine.preview();
        const run = await engine.up();
        expect(byName(run.steps)).toEqual(byName(preview.steps));
        expectMoved(run.steps);
        expect((await engine.up()).steps).toEqual([]);
      });

      it("destroys staging without leaving anything, in an order that CloudWatch takes", async () => {
        const { engine } = opened("staging");
        const run = await engine.destroy();
        expect(Object.keys(run.summary)).toEqual(["delete"]);
        expect(await ofStack("staging")).toEqual({ metric: [], composite: [] });
        expect(await heldOf("staging")).toEqual([]);
        for (const namespace of planOf("staging").namespaces) {
          expect((await kube.client.request("GET", `/api/v1/namespaces/${namespace}`)).status).toBe(404);
        }
        expect((await engine.exportStack()).deployment.resources ?? []).toEqual([]);
      });

      it("[CARD-01] [CARD-08] builds production from the same catalog; destroy keeps what is protected and nothing else", async () => {
        const { engine, aws } = opened("production");
        const first = await engine.up();
        expect(first.diagnostics).toEqual([]);
        expect(await ofStack("production")).toEqual(planned(planOf("production")));
        expect((await engine.up()).steps).toEqual([]);

        await expect(engine.destroy()).rejects.toThrow(/protect/);
        await engine.destroy({ excludeProtected: true });
        const kept = await heldOf("production");
        const groups = kept.filter((name) => name.startsWith("log group "));
        // who was told and who acknowledged is asked after later; the next `up` takes its group over
        expect(groups).toEqual(["log group /rollcall/production/escalation"]);
        const rest = kept.filter((name) => !groups.includes(name));
        expect(new Set(rest.map((name) => name.split(" ")[0]))).toEqual(new Set(["bucket", "key", "table"]));
        expect(aws.resources().map(({ type }) => type)).toContain("aws:kms/key:Key");
        expect(await ofStack("production")).toEqual({ metric: [], composite: [] });
        expect(engine.kubernetes.resources()).toEqual([]);
      });
    });

    /**
     * What the emulator holds of an environment by its name, besides what the test itself listens with. Roles are named
     * after components, which are the same in every environment: there is one at a time.
     */
    async function heldOf(stack: string): Promise<string[]> {
      const all = await leftovers(clients);
      const isOf = (name: string): boolean => name.includes(stack) || name.startsWith("role rollcall-");
      return all.filter((name) => isOf(name) && !name.includes("-ear"));
    }

    /** The alarms that the emulator holds of an environment. */
    async function ofStack(stack: string) {
      const { metric, composite } = await alarmNames(clients);
      const own = (names: readonly string[]) => names.filter((name) => name.startsWith(`${stack}-`));
      return { metric: own(metric), composite: own(composite) };
    }
  });
});

/** The catalog with a server that runs, and with an escalation that does not take hours. */
function shortened(catalog: CatalogCopy, url: string): CatalogCopy {
  catalog.write(`stacks/servers/${CLOCK}.yaml`, watchedServer(CLOCK, url));
  catalog.edit("stacks/shared.yaml", "L2: { after: 30m", "L2: { after: 8s");
  catalog.edit("stacks/shared.yaml", "L3: { after: 2h", "L3: { after: 20s");
  // what stands on this machine has no public address
  const vpc = 'vpc: { subnets: ["subnet-0123456789"], securityGroups: ["sg-0123456789"] }';
  catalog.edit("stacks/staging.yaml", "protect: false }", `protect: false, ${vpc} }`);
  return catalog;
}

function planned({ servers, fleet }: Plan) {
  const all = [...servers, fleet];
  return {
    metric: all.flatMap(({ alarms }) => alarms.map(({ definition }) => definition.AlarmName)).sort(),
    composite: all
      .flatMap(({ composites }) => composites.map(({ definition }) => definition.AlarmName))
      .sort(),
  };
}

/** What the status site says of a server, by its function. */
async function statusOf(clients: Clients, server: string): Promise<JsonRecord> {
  const path = `/status/servers/${server}`;
  const event = {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers: { host: "status.example.com" },
    requestContext: { domainName: "status.example.com", http: { method: "GET", path } },
    isBase64Encoded: false,
  };
  const asked = new InvokeCommand({
    FunctionName: "rollcall-staging-status",
    Payload: Buffer.from(JSON.stringify(event)),
  });
  const { Payload } = await clients.lambda.send(asked);
  const { body } = asRecord(JSON.parse(Buffer.from(Payload ?? []).toString() || "{}"));
  return asRecord(JSON.parse(typeof body === "string" ? body : "{}"));
}

/** Posts the form behind a link, as a person does; returns the page that answers. */
async function acknowledge(endpoint: string, link: string | null): Promise<string> {
  const { hostname, search } = new URL(link ?? "");
  const answer = await fetch(`${endpoint}/_aws/lambda-url/${hostname.split(".")[0]}/${search}`, {
    method: "POST",
    body: new URLSearchParams({ name: "Ada", note: "restarting it" }),
  });
  return answer.text();
}

function about(alarm: string, kind: string) {
  return (notice: { readonly alarm: string; readonly kind: string }) =>
    notice.alarm === alarm && notice.kind === kind;
}

/** Waits until so many seconds have passed since a moment. */
async function untilPast(moment: string, seconds: number): Promise<void> {
  const end = Date.parse(moment) + seconds * 1_000;
  await within(seconds * 2_000, "the time of the next level", async () =>
    Date.now() > end ? true : undefined,
  );
}

/** Nobody is told twice of one thing. */
async function quiet(ears: CloudEars, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    const kinds = (await ears.heard(topic)).map(({ incident, kind }) => `${incident} ${kind}`);
    expect(new Set(kinds).size, topic).toBe(kinds.length);
  }
}

function expectMoved(steps: readonly EngineStep[]): void {
  const alarms = steps.filter(({ type }) => type === ALARM);
  // four burn rates: the long window has a new threshold, both windows a new text
  expect(alarms.map(({ name }) => name).sort()).toEqual(
    ["page-fast", "page-slow", "ticket-fast", "ticket-slow"]
      .flatMap((rate) =>
        ["long", "short"].map(
          (window) => `rollcall-alarms-task-mcp-metrics-api-availability-${rate}-${window}`,
        ),
      )
      .sort(),
  );
  for (const { name, paths } of alarms) {
    // six samples a minute: the short windows are ratios too, and the steepest one's that of the floor
    expect(paths.includes("threshold"), name).toBe(!name.endsWith("page-fast-short"));
    expect(paths).toContain("alarmDescription");
  }
  const rest = steps
    .filter(({ type, op }) => type !== ALARM && op === "update")
    .map(({ type, name }) => `${type} ${name}`);
  expect(rest.sort()).toEqual([
    "aws:cloudwatch/dashboard:Dashboard rollcall-dashboards-overview",
    // it backs up the catalog that is deployed, and the status says what was promised
    "aws:lambda/function:Function rollcall-backup-jobs-daily-function",
    "aws:lambda/function:Function rollcall-status-function",
    "kubernetes:apps/v1:Deployment rollcall-cluster-status-deployment",
    "kubernetes:batch/v1:CronJob rollcall-cluster-backup-cronjob",
    "kubernetes:monitoring.coreos.com/v1:PrometheusRule rollcall-rules-task-mcp",
  ]);
  // a ConfigMap is replaced by its provider: those that show the number, and the one that names the catalog
  const replaced = steps
    .filter(({ op }) => op !== "update")
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
  expect(new Set(replaced)).toEqual(
    new Set([
      "ConfigMap rollcall-cluster-backup-job",
      "ConfigMap rollcall-cluster-status-site",
      "ConfigMap rollcall-grafana-task-mcp-overview",
    ]),
  );
}

/** The engine works on independent resources at the same time, so their order is nobody's promise. */
function byName(steps: readonly EngineStep[]): EngineStep[] {
  return [...steps].sort((a, b) => a.urn.localeCompare(b.urn));
}

function labelsOf(body: unknown): JsonRecord {
  return asRecord(asRecord(asRecord(body).metadata).labels);
}
