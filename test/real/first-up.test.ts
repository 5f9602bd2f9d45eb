/**
 * The first `up` of an environment as the README has it: namespaces, then Secrets, then the rest. Not proved here: that
 * pods wait for a Secret, for no kubelet runs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import { prerequisitesOf } from "../../plan/prerequisites.ts";
import { program } from "../../stacks/program.ts";
import { type CatalogCopy, copyCatalog } from "../support/cloud-catalog.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, openEngine } from "../support/engine.ts";
import { type Kube, startKube } from "../support/kube.ts";

const README = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8");

describeWithTools(["pulumi", "kube-apiserver", "etcd"], "a first up", () => {
  const stops: (() => Promise<void> | void)[] = [];
  let catalog: CatalogCopy;
  let kube: Kube;
  let engine: Engine;

  beforeAll(async () => {
    catalog = copyCatalog();
    stops.push(catalog.end);
    kube = await startKube();
    stops.push(kube.stop);
    const build = () => program(catalog.root);
    engine = await openEngine({ program: build, stack: "staging", project: "rollcall", kube });
    stops.push(engine.stop);
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it("makes the namespaces alone by the README's targets, then takes every Secret of the plan, then the rest", async () => {
    const target = [...README.matchAll(/--target '([^']+)'/g)].map(([, glob = ""]) => glob);
    expect(target.length).toBeGreaterThan(0);
    await engine.up({ target });
    const plan = buildPlan(loadEnvironment(diskSource(catalog.root), "staging"));
    const namespaces = engine.kubernetes.resources().filter(({ type }) => type.endsWith(":Namespace"));
    expect(namespaces.map(({ id }) => id).sort()).toEqual([...plan.namespaces].sort());
    expect(engine.aws.resources()).toEqual([]);
    for (const { namespace, name, keys } of prerequisitesOf(plan).secrets) {
      const stringData = Object.fromEntries(keys.map((key) => [key, "of a test"]));
      const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
      const { status } = await kube.client.request("POST", `/api/v1/namespaces/${namespace}/secrets`, secret);
      expect(status, `${namespace}/${name}`).toBe(201);
    }
    expect(new Set(Object.keys((await engine.up()).summary))).toEqual(new Set(["create", "same"]));
    expect((await engine.up()).steps).toEqual([]);
  });
});
