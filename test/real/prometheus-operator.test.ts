/** The rules on a real API server that has the operator's own definition. Not proved here: the operator itself. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import { prometheusRuleObjects } from "../../plan/prometheus/objects.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { asRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { refusalOf } from "../support/kube-client.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MODULE = "github.com/prometheus-operator/prometheus-operator";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const RULES = "/apis/monitoring.coreos.com/v1/namespaces/default/prometheusrules";

/** The definition in the operator's Go module, whose hash stands in test/toolchain. */
function definition(): unknown {
  const cwd = join(ROOT, "test", "toolchain", "prometheus-operator");
  const env = { ...process.env, GOWORK: "off" };
  const said = execFileSync("go", ["mod", "download", "-json", MODULE], { cwd, env, encoding: "utf8" });
  const folder = join(String(asRecord(JSON.parse(said)).Dir), "example", "prometheus-operator-crd");
  return load(readFileSync(join(folder, "monitoring.coreos.com_prometheusrules.yaml"), "utf8"));
}

describeWithTools(["kube-apiserver", "etcd"], "the PrometheusRule objects on a real API server", () => {
  let kube: Kube;
  beforeAll(async () => {
    kube = await startKube();
    const made = await kube.client.request("POST", DEFINITIONS, definition());
    expect(made.status, refusalOf(made)).toBe(201);
    // it is served some moments after it was taken
    const asked = async () => expect((await kube.client.request("GET", RULES)).status).toBe(200);
    await vi.waitFor(asked, { timeout: 30_000, interval: 100 });
  });
  afterAll(() => kube.stop());

  it.each(["local", "staging", "production"])(
    "[PLAY-09] of %s are taken word by word",
    async (environment) => {
      const resolved = loadEnvironment(diskSource(ROOT), environment);
      for (const object of prometheusRuleObjects(resolved, planPrometheus(resolved))) {
        const path = `${RULES}?fieldValidation=Strict`;
        const answer = await kube.client.request("POST", path, object);
        expect(answer.status, `${object.metadata.name}: ${refusalOf(answer)}`).toBe(201);
        expect(asRecord(answer.body).spec).toEqual(object.spec);
        expect(answer.warnings).toEqual([]);
      }
    },
  );

  it("would be refused with a duration or a field that the operator does not know", async () => {
    const resolved = loadEnvironment(diskSource(ROOT), "local");
    const [object] = prometheusRuleObjects(resolved, planPrometheus(resolved));
    const wrong = {
      ...object,
      metadata: { name: "wrong" },
      spec: { groups: [{ name: "wrong", interval: "soon", rules: [] }] },
    };
    const answer = await kube.client.request("POST", `${RULES}?fieldValidation=Strict`, wrong);
    expect(answer.status).toBe(422);
  });
});
