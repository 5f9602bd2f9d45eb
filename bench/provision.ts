import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../stacks/program.ts";
import { openEngine } from "../test/support/engine.ts";
import { type Kube, startKube } from "../test/support/kube.ts";
import { DEPLOYED, writeCatalog } from "./plan/inputs.ts";
import { typeChecks } from "./provision/type-check.ts";
import { type Bench, round } from "./report.ts";

/** What provisioning is held to: at most this many resources of AWS for one server with all burn rates. */
export const PROVISION_GOALS = { awsResourcesAServer: 20 } as const;

const STACK = "production";
/** A fleet in stacks of its own size, beside the same fleet in one. */
const GROUP = 50;

interface Provisioned {
  readonly servers: number;
  readonly resources: number;
  readonly aws: number;
  readonly kubernetes: number;
  readonly previewMs: number;
  readonly upMs: number;
  readonly againMs: number;
}

/**
 * Whole fleets on the real engine and the real API server: resources a server, and the time of a preview, an `up` and a
 * second one that changes nothing. AWS is a stand-in that only records, so the figures are the engine's and the
 * program's own; what AWS itself takes comes on top (`rollcall plan` says how long its alarms are written).
 */
export const provisionBench: Bench = async ({ quick }) => {
  const kube = await startKube();
  try {
    const sizes = quick ? [3] : [10, 50, 200];
    const grown: Provisioned[] = [];
    for (const servers of sizes) grown.push(await provisioned({ kube, servers }));
    const large = grown.at(-1) ?? (await provisioned({ kube, servers: 1 }));
    const small = grown[0] ?? large;
    const marginal = (of: (one: Provisioned) => number): number =>
      large === small ? of(large) / large.servers : (of(large) - of(small)) / (large.servers - small.servers);
    const groups = quick ? [] : await inGroups(kube, large.servers);
    const groupsMs = groups.reduce((sum, { upMs }) => sum + upMs, 0);
    const kept = await provisioned({ kube, servers: quick ? 3 : GROUP, checkpoints: true });
    const alike = grown.find(({ servers }) => servers === kept.servers) ?? large;
    const types = await typeChecks(quick ? 1 : 3);
    const seconds = (ms: number): string => `${round(ms / 1_000, 1)} s`;
    return {
      head: ["what", "resources", "AWS a server", "cluster a server", "preview", "up", "up again"],
      rows: [
        ...grown.map((one) => [
          `${one.servers} servers in one stack`,
          String(one.resources),
          `${round(one.aws / one.servers, 1)}`,
          `${round(one.kubernetes / one.servers, 1)}`,
          seconds(one.previewMs),
          seconds(one.upMs),
          seconds(one.againMs),
        ]),
        [
          "one more server",
          String(round(marginal(({ resources }) => resources))),
          `${round(
            marginal(({ aws }) => aws),
            1,
          )}`,
          `${round(
            marginal(({ kubernetes }) => kubernetes),
            1,
          )}`,
          "",
          `${round(marginal(({ upMs }) => upMs))} ms`,
          "",
        ],
        ...(groups.length === 0
          ? []
          : [
              [
                `${large.servers} servers in ${groups.length} stacks of ${GROUP}, one after the other`,
                String(groups.reduce((sum, { resources }) => sum + resources, 0)),
                "",
                "",
                seconds(groups.reduce((sum, { previewMs }) => sum + previewMs, 0)),
                seconds(groupsMs),
                seconds(groups.reduce((sum, { againMs }) => sum + againMs, 0)),
              ],
            ]),
        [
          `${kept.servers} servers, the state written at each step`,
          String(kept.resources),
          "",
          "",
          seconds(kept.previewMs),
          seconds(kept.upMs),
          seconds(kept.againMs),
        ],
        ["types of three AWS resources, imported by module", "", "", "", seconds(types.byModuleMs), "", ""],
        ["the same, imported from the whole package", "", "", "", seconds(types.wholeMs), "", ""],
      ],
      figures: {
        awsAServer: round(
          marginal(({ aws }) => aws),
          1,
        ),
        clusterAServer: round(
          marginal(({ kubernetes }) => kubernetes),
          1,
        ),
        ...Object.fromEntries(grown.map(({ servers, upMs }) => [`upMs${servers}`, round(upMs)])),
        ...Object.fromEntries(
          grown.map(({ servers, previewMs }) => [`previewMs${servers}`, round(previewMs)]),
        ),
        ...(groups.length === 0 ? {} : { groupsOfOneStack: round(groupsMs / large.upMs, 2) }),
        stateAtEachStep: round(kept.upMs / alike.upMs, 2),
        typesWholeOfModule: round(types.wholeMs / types.byModuleMs, 2),
        goalAwsAServer: PROVISION_GOALS.awsResourcesAServer,
      },
    };
  } finally {
    await kube.stop();
  }
};

async function inGroups(kube: Kube, servers: number): Promise<Provisioned[]> {
  const groups: Provisioned[] = [];
  for (let left = servers; left > 0; left -= GROUP)
    groups.push(await provisioned({ kube, servers: Math.min(left, GROUP) }));
  return groups;
}

/** One fleet from nothing to nothing; the cluster is used again by the next. */
async function provisioned(input: {
  readonly kube: Kube;
  readonly servers: number;
  readonly checkpoints?: boolean;
}): Promise<Provisioned> {
  const { kube, servers, checkpoints = false } = input;
  const root = mkdtempSync(join(tmpdir(), "rollcall-bench-provision-"));
  writeCatalog(root, servers, DEPLOYED);
  const engine = await openEngine({
    program: () => program(root),
    stack: STACK,
    project: "bench",
    kube,
    checkpoints,
  });
  try {
    const previewMs = await timed(() => engine.preview());
    const upMs = await timed(() => engine.up());
    const [aws, kubernetes] = [engine.aws.resources().length, engine.kubernetes.resources().length];
    const { deployment } = await engine.exportStack();
    const resources = (deployment.resources ?? []).length;
    const againMs = await timed(() => engine.up());
    const made = { servers, resources, aws, kubernetes, previewMs, upMs, againMs };
    // the largest takes many minutes, and a run that is broken off has said what it knows
    process.stderr.write(`${checkpoints ? "state at each step " : ""}${JSON.stringify(made)}\n`);
    await engine.destroy({ excludeProtected: true });
    return made;
  } finally {
    await engine.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}
