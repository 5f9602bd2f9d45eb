/**
 * Every Kubernetes object of the shipped environments: what kubeconform, kube-score and kube-linter's rules say of it,
 * and whether a real API server takes it. Not proved here: that a kubelet, a network plugin or the operator does with it
 * what it says.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { refusalOf } from "../support/kube-client.ts";
import { LINTER_RULES } from "../support/kube-linter.ts";
import { SCHEMA_TEMPLATE, writeSchemas } from "../support/kube-schemas.ts";
import { type Finding, kubeconform, kubeScore } from "../support/kube-score.ts";
import { type Manifest, manifest, manifestsOf, nameOf, templateOf } from "../support/manifests.ts";

/** What kube-linter's rules ask for and do not get, and why. */
const LINTER_EXCEPTIONS: readonly {
  readonly rule: string;
  readonly object: RegExp;
  readonly because: string;
}[] = [
  {
    rule: "no-rolling-update-strategy",
    object: /^Deployment rollcall\/rollcall-\w+-logs$/,
    because: "two that ship the lines of the same pods would ship each of them twice",
  },
];

const ROOT = join(import.meta.dirname, "..", "..");
const OPERATOR = "github.com/prometheus-operator/prometheus-operator";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

interface Exception {
  readonly check: string;
  readonly object?: RegExp;
  readonly says?: string;
  readonly because: string;
}

/** What kube-score asks for and does not get, and why. One that is no longer needed fails the test. */
const EXCEPTIONS: readonly Exception[] = [
  {
    check: "container-image-pull-policy",
    because: "every image is pinned by its digest: another pull brings the same bytes, if the registry is up",
  },
  {
    check: "container-resources",
    says: "CPU limit is not set",
    because: "a processor that is throttled reads as a slow server; requests divide it, memory is limited",
  },
  {
    check: "deployment-replicas",
    because:
      "a server has the replicas that the catalog gives it, and a second exporter would count all twice",
  },
  {
    check: "pod-probes-identical",
    object: /^Deployment mcp\/everything$/,
    because: "it has no health page: an open port is all that can be asked",
  },
  {
    check: "pod-probes-identical",
    object: /^Deployment rollcall\/rollcall-\w+-status$/,
    because:
      "it is ready for as long as it works: without the exporter it has to say that servers are unknown",
  },
];

/** The environments as they are shipped, and one with both runners of the probe. */
const CASES = [
  { title: "staging", environment: "staging", prober: undefined },
  { title: "production", environment: "production", prober: undefined },
  { title: "production with both runners", environment: "production", prober: "both" },
] as const;

function planOf({ environment, prober }: (typeof CASES)[number]) {
  const files = catalogFiles();
  const image = "  probeImage:";
  const file = `stacks/${environment}.yaml`;
  const chosen =
    prober === undefined ? files : edited(files, { file, from: image, to: `  prober: ${prober}\n${image}` });
  return buildPlan(loadEnvironment(mapSource(chosen), environment));
}

/** The definitions of these kinds in the operator's Go module, whose hash stands in test/toolchain. */
function definitions(kinds: ReadonlySet<string>): JsonRecord[] {
  const cwd = join(ROOT, "test", "toolchain", "prometheus-operator");
  const env = { ...process.env, GOWORK: "off" };
  const said = execFileSync("go", ["mod", "download", "-json", OPERATOR], { cwd, env, encoding: "utf8" });
  const folder = join(String(asRecord(JSON.parse(said)).Dir), "example", "prometheus-operator-crd");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => asRecord(load(readFileSync(join(folder, file), "utf8"))))
    .filter(({ spec }) => kinds.has(String(asRecord(asRecord(spec).names).kind)));
}

describeWithTools(
  ["kube-apiserver", "etcd", "kube-score", "kubeconform"],
  "every Kubernetes object of an environment",
  () => {
    const manifests = new Map<string, readonly Manifest[]>();
    const of = (title: string): readonly Manifest[] => manifests.get(title) ?? [];
    const stops: (() => Promise<void>)[] = [];
    let kube: Kube;
    let schemas: string;

    beforeAll(async () => {
      for (const one of CASES) manifests.set(one.title, await manifestsOf(planOf(one)));
      const all = [...manifests.values()].flat();
      kube = await startKube();
      stops.push(kube.stop);
      for (const definition of definitions(new Set(all.map(({ kind }) => kind)))) {
        const made = await kube.client.request("POST", DEFINITIONS, definition);
        expect(made.status, refusalOf(made)).toBe(201);
      }
      const folder = mkdtempSync(join(tmpdir(), "rollcall-schemas-"));
      stops.push(async () => rmSync(folder, { recursive: true, force: true }));
      schemas = join(folder, SCHEMA_TEMPLATE);
      const apiVersions = [...new Set(all.map(({ apiVersion }) => apiVersion))];
      // a definition is served, and described, some moments after it was taken
      await vi.waitFor(
        async () => {
          await writeSchemas(kube.client, { apiVersions, folder });
          expect(readdirSync(folder)).toHaveLength(apiVersions.length);
          expect(
            (await kubeconform(all, schemas)).problems.filter((one) => one.includes("could not find")),
          ).toEqual([]);
        },
        { timeout: 60_000, interval: 500 },
      );
    });
    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    it.each(CASES)(
      "[CARD-02] of $title are of their kinds, field by field (kubeconform)",
      async ({ title }) => {
        const all = of(title);
        expect(all.length).toBeGreaterThan(90);
        expect(await kubeconform(all, schemas)).toEqual({ valid: all.length, problems: [] });
      },
    );

    it.each(CASES)(
      "[CARD-02] of $title have nothing that kube-score would better, but for what is named",
      async ({ title }) => {
        const findings = await kubeScore(of(title));
        const excused = (finding: Finding) => EXCEPTIONS.filter((one) => isAbout(one, finding));
        expect(findings.filter((finding) => excused(finding).length === 0)).toEqual([]);
        const used = new Set(findings.flatMap(excused));
        expect(EXCEPTIONS.filter((one) => !used.has(one))).toEqual([]);
      },
    );

    describe.each(CASES)("[CARD-02] of $title keep kube-linter's rule", ({ title }) => {
      it.each(Object.entries(LINTER_RULES))("%s", (name, rule) => {
        const excused = LINTER_EXCEPTIONS.filter((one) => one.rule === name);
        const found = rule(of(title));
        expect(found.filter((line) => !excused.some(({ object }) => object.test(line)))).toEqual([]);
        expect(excused.filter(({ object }) => !found.some((line) => object.test(line)))).toEqual([]);
      });
    });

    it.each(CASES)(
      "[CARD-02] of $title are taken by a real API server without a warning, and their pods admitted",
      async ({ title }) => {
        const all = of(title);
        const first = (kind: string) => all.filter((one) => one.kind === kind);
        const rest = all.filter(({ kind }) => kind !== "Namespace" && kind !== "ServiceAccount");
        for (const one of [...first("Namespace"), ...first("ServiceAccount"), ...rest])
          await apply(kube, one);
        const pods = all.filter((one) => templateOf(one) !== undefined);
        expect(pods.length).toBeGreaterThan(10);
        for (const pod of pods) {
          const admitted = await kube.client.admitPod(templateOf(pod), pod.metadata.namespace ?? "");
          expect(admitted.status, `${nameOf(pod)}: ${refusalOf(admitted)}`).toBe(201);
          expect(admitted.warnings, nameOf(pod)).toEqual([]);
        }
      },
    );

    it("[CARD-04] the probe of an environment with both runners is a CronJob and a Deployment with a page for Prometheus", () => {
      const named = of("production with both runners").map(nameOf);
      expect(named).toEqual(
        expect.arrayContaining([
          "CronJob rollcall/rollcall-production-probe",
          "Deployment rollcall/rollcall-production-exporter",
          "Service rollcall/rollcall-production-exporter",
          "ServiceMonitor rollcall/rollcall-production-exporter",
        ]),
      );
    });

    it("would be refused by kubeconform with a field too many, and by kube-score without what it asks for", async () => {
      const server = of("production").find((one) => nameOf(one) === "Deployment task-mcp/task-mcp-http");
      const wrong = (change: JsonRecord): Manifest =>
        manifest({ ...server?.object, spec: { ...server?.spec, ...change } });
      const { problems } = await kubeconform([wrong({ replica: 3 })], schemas);
      expect(problems.join()).toContain("replica");
      const monitor = of("production").find(({ kind }) => kind === "ServiceMonitor");
      const soon = manifest({ ...monitor?.object, spec: { ...monitor?.spec, jobLabels: "app" } });
      expect((await kubeconform([soon], schemas)).problems.join()).toContain("jobLabels");
      const template = asRecord(server?.spec.template);
      const bare = wrong({
        template: { ...template, spec: { ...asRecord(template.spec), securityContext: {} } },
      });
      const checks = (await kubeScore([bare])).map(({ check }) => check);
      expect(checks).toEqual(
        expect.arrayContaining(["container-security-context-user-group-id", "pod-networkpolicy"]),
      );
    });
  },
);

function isAbout({ check, object, says }: Exception, finding: Finding): boolean {
  return (
    check === finding.check &&
    (object === undefined || object.test(finding.object)) &&
    (says === undefined || says === finding.says)
  );
}

/** As Pulumi's provider does it: applied on the server's side, every unknown field refused. */
async function apply(kube: Kube, one: Manifest): Promise<void> {
  const kind = await kube.client.kind(one.apiVersion, one.kind);
  if (kind === undefined) throw new Error(`the API server knows no ${one.apiVersion} ${one.kind}`);
  const within = kind.namespaced ? `/namespaces/${one.metadata.namespace}` : "";
  const place = `${kind.root}${within}/${kind.plural}/${one.metadata.name}`;
  const answer = await kube.client.request(
    "PATCH",
    `${place}?fieldManager=rollcall&force=true&fieldValidation=Strict`,
    one.object,
    "application/apply-patch+yaml",
  );
  expect(answer.status, `${nameOf(one)}: ${refusalOf(answer)}`).toBeLessThan(300);
  expect(answer.warnings, nameOf(one)).toEqual([]);
}
