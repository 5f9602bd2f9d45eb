/**
 * What goes wrong while an environment is provisioned, on the real engine, a real API server and an emulator of AWS,
 * with the cures of docs/provisioning.md. The provider of Kubernetes does not wait here until pods are ready, and the
 * one of AWS tells what it made in its own list, where a person looks into the account.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ListRolesCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { diffPlans } from "../../plan/diff.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { program } from "../../stacks/program.ts";
import { type Clients, openClients } from "../support/aws/clients.ts";
import { type InterruptedAws, interrupted } from "../support/aws/interrupted.ts";
import { leftovers } from "../support/aws/leftovers.ts";
import { type MinistackAws, ministackAws } from "../support/aws/ministack-aws.ts";
import { pendingDoor } from "../support/aws/pending-door.ts";
import { ACCOUNT, REGION } from "../support/aws-types.ts";
import { rollcall } from "../support/cli.ts";
import { type CatalogCopy, copyCatalog } from "../support/cloud-catalog.ts";
import { alarmNames } from "../support/cloud-ears.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type AwsProvider, type Engine, type EngineRun, openEngine } from "../support/engine.ts";
import { asArray, asRecord } from "../support/json.ts";
import { killUp } from "../support/kill-engine.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { watchKube } from "../support/kube-watch.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const KEY = "aws:kms/key:Key";
const ROLE = "aws:iam/role:Role";
const FUNCTION = "aws:lambda/function:Function";
const METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm";
const COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
/** Of the cluster; nothing hangs on it. */
const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription";
/** A second statement of a function's own policy says the same and goes with the function. */
const PERMISSION = "aws:lambda/permission:Permission";
/** Types that get another name each time they are made; what hangs on another comes first. */
const MADE_UP = ["aws:iam/rolePolicy:RolePolicy", ROLE, KEY];
/** Nobody listens there, so nobody confirms. */
const WEBHOOK = "https://127.0.0.1:9/incidents";
const NAMESPACE = "mcp";

describeWithMinistack("an environment that is provisioned", (ministack) => {
  describeWithTools(["pulumi", "kube-apiserver", "etcd"], "on the real engine", () => {
    const stops: (() => Promise<void> | void)[] = [];
    let catalog: CatalogCopy;
    let clients: Clients;
    let kube: Kube;

    beforeAll(async () => {
      catalog = copyCatalog();
      stops.push(catalog.end);
      catalog.edit("stacks/staging.yaml", "servers: all", "servers: [github, desktop-commander]");
      catalog.edit(
        "stacks/shared.yaml",
        "email: [development@example.com]",
        `email: [development@example.com]\n    webhook: ["${WEBHOOK}"]`,
      );
      kube = await startKube();
      stops.push(kube.stop);
      clients = openClients({ endpoint: ministack().endpoint });
    });

    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    const open = async (aws: AwsProvider, checkpoints: boolean): Promise<Engine> => {
      const build = () => program(catalog.root);
      const stack = { program: build, stack: "staging", project: "rollcall" };
      const engine = await openEngine({ ...stack, kube, aws, checkpoints });
      stops.push(engine.stop);
      return engine;
    };
    const plan = (): Plan => buildPlan(loadEnvironment(diskSource(catalog.root), "staging"));

    describe("and interrupted", () => {
      let aws: InterruptedAws;
      let engine: Engine;

      beforeAll(async () => {
        aws = interrupted(ministackAws({ endpoint: ministack().endpoint }));
        engine = await open(aws, true);
      });

      /** Kills the engine when the first resource of a type is made, before it is told so. */
      const killed = async (type: string): Promise<void> => {
        const sprung = aws.killAfter(type, killUp);
        await expect(engine.up()).rejects.toThrow("SIGKILL");
        await sprung;
        await mendAttributes(engine);
      };
      const inFile = (name: string): string => join(catalog.root, name);
      /** The cure of docs/provisioning.md, by its own commands; answers what `rollcall recover` says. */
      const recover = async (): Promise<string> => {
        await engine.command("cancel", "--yes");
        await engine.command("stack", "export", "--file", inFile("exported.json"));
        return repair();
      };
      const repair = async (): Promise<string> => {
        const { code, stdout, stderr } = await rollcall(["recover", inFile("exported.json")]);
        expect(code).toBe(0);
        writeFileSync(inFile("repaired.json"), stdout);
        await engine.command("stack", "import", "--file", inFile("repaired.json"));
        await engine.command("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
        expect(await pendingCreates(engine)).toEqual([]);
        return stderr;
      };
      /** Ends what no stack knows and AWS was given a made-up name for, as long as `rollcall recover` has named it. */
      const removeLeft = async (said: string): Promise<number> => {
        const known = await Promise.all(MADE_UP.map((type) => idsKnown(engine, type)));
        const left = MADE_UP.flatMap((wanted, index) =>
          aws.resources().filter(({ type, id }) => type === wanted && !known[index]?.includes(id)),
        );
        for (const one of left) {
          const id = one.type === KEY ? "its id is not recorded" : `as ${one.id}`;
          expect(said).toContain(`to look for by hand, ${id}: ${one.urn}\n`);
          await aws.delete({ ...one, name: "" });
        }
        return left.length;
      };

      it("refuses a second up until the lock of the killed one is ended", async () => {
        await killed(KEY);
        expect((await pendingCreates(engine)).some((urn) => urn.includes(KEY))).toBe(true);
        await expect(engine.up()).rejects.toThrow("pulumi cancel");
      });

      it("leaves behind a key that was made and not recorded, the one kind of thing that nobody can ask for, and says so", async () => {
        expect(await removeLeft(await recover())).toBeGreaterThan(0);
      });

      it("takes over a role that was made and not recorded, whose name AWS was given by chance", async () => {
        await killed(ROLE);
        const made = await rolesOf(clients);
        expect(made).not.toEqual([]);
        expect(await idsKnown(engine, ROLE)).not.toEqual(made);
        const said = await recover();
        expect(await rolesOf(clients)).toEqual(made);
        expect(await idsKnown(engine, ROLE)).toEqual(made);
        await removeLeft(said);
      });

      it("refuses to make again what has the catalog's name and is not recorded, and takes it over", async () => {
        await killed(FUNCTION);
        await engine.command("cancel", "--yes");
        await expect(engine.up()).rejects.toThrow(/exist/);
        await removeLeft(await recover());
      });

      it("goes on to exactly the plan's alarms, nothing twice, and then changes nothing", async () => {
        await killed(COMPOSITE);
        await removeLeft(await recover());
        const run = await engine.up();
        expect(run.diagnostics).toEqual([]);
        expect(await alarmNames(clients)).toEqual(planned(plan()));
        expect(await rolesOf(clients)).toEqual(await idsKnown(engine, ROLE));
        const urns = aws.resources().flatMap(({ type, urn }) => (type === PERMISSION ? [] : [urn]));
        expect(urns.filter((urn, index) => urns.indexOf(urn) !== index)).toEqual([]);

        const third = await engine.up();
        expect(third.steps).toEqual([]);
        expect(third.diagnostics).toEqual([]);
      });

      it("refuses to make an object of the cluster again that is not recorded, and takes it over", async () => {
        const exported = inFile("exported.json");
        await engine.command("stack", "export", "--file", exported);
        const { before, begun } = unrecorded(JSON.parse(readFileSync(exported, "utf8")), POLICY);
        writeFileSync(exported, JSON.stringify(before));
        await engine.command("stack", "import", "--file", exported);
        await expect(engine.up()).rejects.toThrow(/already exists/);

        writeFileSync(exported, JSON.stringify(begun));
        expect(await repair()).toContain("taken over");
        const run = await engine.up();
        expect(run.diagnostics).toEqual([]);
        expect(operations(run, POLICY)).not.toHaveProperty("create");
        expect((await engine.up()).steps).toEqual([]);
      });

      it("is destroyed without leaving anything", async () => {
        await engine.destroy();
        expect(await leftovers(clients)).toEqual([]);
      });
    });

    describe("through a slow alarm API, for somebody who never confirms", () => {
      let aws: MinistackAws;
      let engine: Engine;

      beforeAll(async () => {
        aws = ministackAws({ endpoint: ministack().endpoint, callsPerSecond: 3 });
        // SNS refuses it as long as nobody has confirmed, and the emulator does not
        const remove = aws.delete.bind(aws);
        aws.delete = async (args) => {
          if (args.inputs.endpoint === WEBHOOK)
            throw new Error("InvalidParameter: a subscription that is pending cannot be deleted");
          await remove(args);
        };
        engine = await open(aws, false);
      });

      it("loses no alarm to three calls a second", async () => {
        const run = await engine.up();
        expect(run.diagnostics).toEqual([]);
        expect(aws.throttled()).toBeGreaterThan(0);
        expect(await alarmNames(clients)).toEqual(planned(plan()));
      });

      it("does not wait for a subscription that nobody confirms, and a second up changes nothing", async () => {
        const { deployment } = await engine.exportStack();
        const pending = asArray(deployment.resources)
          .map(asRecord)
          .filter(
            ({ type, outputs }) => type === SUBSCRIPTION && asRecord(outputs).pendingConfirmation === true,
          );
        expect(pending.map(({ inputs }) => asRecord(inputs).endpoint)).toEqual([WEBHOOK]);
        expect((await engine.up()).steps).toEqual([]);
      });

      it("lists who has not confirmed by `rollcall escalation status`", async () => {
        const door = await pendingDoor({ endpoint: ministack().endpoint, clients });
        const env = {
          ...process.env,
          AWS_ENDPOINT_URL: door.endpoint,
          AWS_REGION: REGION,
          AWS_ACCESS_KEY_ID: ACCOUNT,
          AWS_SECRET_ACCESS_KEY: "none",
        };
        const asked = ["escalation", "status", "staging", "--format", "json"];
        const { code, stdout, stderr } = await rollcall(asked, { cwd: catalog.root, env });
        door.stop();
        expect(stderr).toBe("");
        const { pending, topics } = JSON.parse(stdout);
        expect(pending).toBe(1);
        expect(asArray(topics).map(asRecord)).toContainEqual(
          expect.objectContaining({ topic: "staging-severity-medium-medium", pending: [`https ${WEBHOOK}`] }),
        );
        expect(code).toBe(1);
      });

      it("replaces a server without touching an alarm, the new Service there before the old one goes", async () => {
        const alarms = await alarmNames(clients);
        const watch = await watchKube(kube, `/api/v1/namespaces/${NAMESPACE}/services`);
        catalog.edit(
          "stacks/servers/github.yaml",
          "kubernetes:\n",
          "kubernetes:\n  deployment: github-http\n",
        );
        const run = await engine.up();
        expect(operations(run, METRIC, COMPOSITE)).toEqual({});
        expect(await alarmNames(clients)).toEqual(alarms);
        watch.stop();
        const happened = watch.events.map(({ type, name }) => `${type} ${name}`);
        expect(happened.indexOf("ADDED github-http")).toBeGreaterThan(happened.indexOf("ADDED github"));
        expect(happened.indexOf("DELETED github")).toBeGreaterThan(happened.indexOf("ADDED github-http"));
        expect((await engine.up()).steps).toEqual([]);
      });

      it("renames a server: its Deployment stays the same object, and its alarms are made before the old ones go", async () => {
        const uid = await uidOf(kube, "github-http");
        const last = plan();
        rename(catalog);
        const run = await engine.up();
        expect(run.diagnostics).toEqual([]);
        expect(await alarmNames(clients)).toEqual(planned(plan()));
        expect(await uidOf(kube, "github-http")).toBe(uid);
        const alarms = run.steps.filter(({ type }) => [METRIC, COMPOSITE].includes(type)).map(({ op }) => op);
        expect(alarms.lastIndexOf("create")).toBeLessThan(alarms.indexOf("delete"));
        // what holds history of before is not touched
        const kept = [
          KEY,
          "aws:s3/bucket:Bucket",
          "aws:cloudwatch/logGroup:LogGroup",
          "aws:dynamodb/table:Table",
        ];
        expect(operations(run, ...kept)).toEqual({});
        expect((await engine.up()).steps).toEqual([]);

        const { stdout } = await rollcall(["plan", "staging"], { cwd: catalog.root });
        expect(stdout).toMatch(/hub +formerly github +history and error budgets begin anew/);
        const moved = diffPlans(last, plan()).filter(({ kind }) => kind !== "maintenance");
        expect(moved.map(({ subject, before }) => `${before}, ${subject}`)).toEqual(["named github, hub"]);
      });

      it("is destroyed all the same: the subscription goes with its topic", async () => {
        const run = await engine.destroy();
        expect(run.diagnostics).toEqual([]);
        expect(await leftovers(clients)).toEqual([]);
      });
    });
  });
});

/** URNs of what the state says was being made when the engine ended. */
async function pendingCreates(engine: Engine): Promise<string[]> {
  const { deployment } = await engine.exportStack();
  return asArray(deployment.pending_operations)
    .map(asRecord)
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => String(asRecord(resource).urn));
}

/**
 * A backend in files writes the attributes of the state beside it, not in one piece: the engine then says
 * `failed to load checkpoint: EOF`, until they are removed.
 */
async function mendAttributes({ statePath }: Engine): Promise<void> {
  const path = `${statePath}.attrs`;
  if ((await stat(path)).size === 0) await rm(path);
}

/** An exported stack without the first resource of a type, and the same as a killed `up` that was making it leaves it. */
function unrecorded(exported: unknown, type: string) {
  const { deployment, ...rest } = asRecord(exported);
  const resources = asArray(asRecord(deployment).resources).map(asRecord);
  const made = resources.find((one) => one.type === type);
  const { id: _id, outputs: _outputs, ...resource } = made ?? {};
  const left = { ...asRecord(deployment), resources: resources.filter((one) => one !== made) };
  const pending = [{ resource, type: "creating" }];
  return {
    before: { ...rest, deployment: left },
    begun: { ...rest, deployment: { ...left, pending_operations: pending } },
  };
}

async function rolesOf(clients: Clients): Promise<string[]> {
  const { Roles = [] } = await clients.iam.send(new ListRolesCommand({}));
  return Roles.map(({ RoleName = "" }) => RoleName).sort();
}

/** What the state knows of a type. */
async function idsKnown(engine: Engine, wanted: string): Promise<string[]> {
  const { deployment } = await engine.exportStack();
  return asArray(deployment.resources)
    .map(asRecord)
    .filter(({ type }) => type === wanted)
    .map(({ id }) => String(id))
    .sort();
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

/** How many of the types were done what. */
function operations({ steps }: EngineRun, ...types: readonly string[]): Record<string, number> {
  const found = steps.filter(({ type }) => types.includes(type));
  return Object.fromEntries([...Map.groupBy(found, ({ op }) => op)].map(([op, all]) => [op, all.length]));
}

async function uidOf(kube: Kube, deployment: string): Promise<unknown> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${deployment}`;
  return asRecord(asRecord((await kube.client.request("GET", path)).body).metadata).uid;
}

/** github becomes hub, and keeps its Deployment. */
function rename(catalog: CatalogCopy): void {
  catalog.edit("stacks/servers/github.yaml", "server: github\n", "server: hub\nformerly: github\n");
  catalog.move("stacks/servers/github.yaml", "stacks/servers/hub.yaml");
  catalog.edit("stacks/staging.yaml", "[github,", "[hub,");
}
