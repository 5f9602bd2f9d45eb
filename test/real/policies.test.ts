/** The policy pack as `pulumi preview --policy-pack policies` runs it, on the real engine, over the real program. */
import { Topic } from "@pulumi/aws/sns/topic.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { program } from "../../stacks/program.ts";
import { type CatalogCopy, copyCatalog } from "../support/cloud-catalog.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, openEngine } from "../support/engine.ts";
import { startKube } from "../support/kube.ts";

const PACK = new URL("../../policies", import.meta.url).pathname;

describeWithTools(["pulumi", "kube-apiserver", "etcd"], "the policy pack on the real engine", () => {
  const stops: (() => Promise<void> | void)[] = [];
  let catalog: CatalogCopy;
  let engine: Engine;
  let isCareless = false;

  beforeAll(async () => {
    catalog = copyCatalog();
    stops.push(catalog.end);
    const kube = await startKube();
    stops.push(kube.stop);
    const build = async () => {
      const made = await program(catalog.root);
      if (isCareless) new Topic("open", { name: "open" });
      return made;
    };
    engine = await openEngine({ program: build, stack: "production", project: "rollcall", kube });
    stops.push(engine.stop);
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const policyPacks = [PACK];

  it("lets production pass, in its preview and when it is built", async () => {
    const { diagnostics } = await engine.preview({ policyPacks });
    // the engine says where it found the runner of the pack
    expect(diagnostics.filter((text) => !text.startsWith("using pulumi-analyzer-policy-nodejs"))).toEqual([]);
    expect(Object.keys((await engine.up({ policyPacks })).summary)).toEqual(["create"]);
  });

  it("stops a preview that makes a topic without a key, and names it", async () => {
    isCareless = true;
    await expect(engine.preview({ policyPacks })).rejects.toThrow(
      /encryption-everywhere[\s\S]*open is not encrypted with a key of the environment; set kmsMasterKeyId/,
    );
    isCareless = false;
  });

  it("stops an environment that costs more than its catalog allows", async () => {
    catalog.edit("stacks/production.yaml", "ceiling: 180 USD/month", "ceiling: 20 USD/month");
    await expect(engine.preview({ policyPacks })).rejects.toThrow(
      /cost-under-ceiling[\s\S]*above its ceiling of 20\.00/,
    );
    catalog.edit("stacks/production.yaml", "ceiling: 20 USD/month", "ceiling: 180 USD/month");
    await engine.destroy({ excludeProtected: true });
  });
});
