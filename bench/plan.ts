import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { availability, tool } from "../test/support/toolchain.ts";
import { writeCatalog, writeSlothSpecs } from "./plan/inputs.ts";
import { type Bench, median, round } from "./report.ts";

const WHOLE = join(import.meta.dirname, "plan", "whole.ts");
const MIB = 2 ** 20;
const STEPS = ["node", "modules", "catalog", "plan", "written"] as const;

/** What the plan is held to: at most this many times what Sloth takes for the rules alone. */
export const PLAN_GOALS = { ofSloth: 2 } as const;

type Steps = Readonly<Record<(typeof STEPS)[number], number>>;

interface Planned {
  readonly ms: number;
  readonly steps: Steps;
}

/**
 * From the files of a catalog to everything that it asks for, beside Sloth, which writes the Prometheus rules of the
 * same promises; start-up included, each in a process of its own, in rounds so that a busy moment meets both.
 */
export const planBench: Bench = async ({ quick }) => {
  const servers = quick ? 100 : 1_000;
  const rounds = quick ? 1 : 5;
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-plan-"));
  try {
    const [catalog, plan] = [join(folder, "catalog"), join(folder, "plan.json")];
    const [specs, rules] = [join(folder, "specs.yaml"), join(folder, "rules.yaml")];
    writeCatalog(catalog, servers);
    writeSlothSpecs(specs, servers);
    const sloth = await slothBinary(quick);
    const ours: Planned[] = [];
    const theirs: number[] = [];
    const cache = join(folder, "cache");
    // once before, so that the compile cache is as warm as a person's
    await planned({ catalog, plan, cache });
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await planned({ catalog, plan, cache }));
      if (sloth !== undefined)
        theirs.push((await timed(sloth, ["generate", "-i", specs, "-o", rules], {})).ms);
    }
    const ms = median(ours.map((one) => one.ms));
    const slothMs = theirs.length === 0 ? undefined : median(theirs);
    const step = (name: (typeof STEPS)[number]): number => median(ours.map(({ steps }) => steps[name]));
    const seconds = (value: number): string => `${round(value / 1_000, 2)} s`;
    return {
      head: ["what", "time", "of Sloth", "written"],
      rows: [
        [
          `the whole plan of ${servers} servers`,
          seconds(ms),
          slothMs === undefined ? "" : `${round(ms / slothMs, 2)}`,
          sizeOf(plan),
        ],
        ...STEPS.map((name) => [`  ${WORDS[name]}`, seconds(step(name)), "", ""]),
        ...(slothMs === undefined
          ? []
          : [[`Sloth: the rules of ${servers} objectives`, seconds(slothMs), "1", sizeOf(rules)]]),
      ],
      figures: {
        servers,
        ms: round(ms),
        ...Object.fromEntries(STEPS.map((name) => [`${name}Ms`, round(step(name))])),
        ...(slothMs === undefined ? {} : { slothMs: round(slothMs), ofSloth: round(ms / slothMs, 2) }),
        goalOfSloth: PLAN_GOALS.ofSloth,
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const WORDS = {
  node: "Node starts",
  modules: "modules are read",
  catalog: "the catalog is read and checked",
  plan: "the plan is made",
  written: "it is written",
} as const satisfies Record<(typeof STEPS)[number], string>;

/** The peer, where it is built or can be; a quick run builds nothing. */
async function slothBinary(quick: boolean): Promise<string | undefined> {
  if (quick) return undefined;
  const found = availability("sloth");
  if (found.ok) return tool("sloth");
  process.stderr.write(`left out: ${found.reason}\n`);
  return undefined;
}

async function planned(input: {
  readonly catalog: string;
  readonly plan: string;
  readonly cache: string;
}): Promise<Planned> {
  const { catalog, plan, cache } = input;
  const args = ["--disable-warning=ExperimentalWarning", WHOLE, catalog, plan];
  const { ms, stdout } = await timed(process.execPath, args, { NODE_COMPILE_CACHE: cache });
  return { ms, steps: JSON.parse(stdout) as Steps };
}

function timed(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly ms: number; readonly stdout: string }> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * MIB };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ ms: performance.now() - started, stdout });
      else reject(new Error(`${command}: ${stderr.slice(-1_000)}`));
    });
  });
}

function sizeOf(file: string): string {
  return `${round(statSync(file).size / MIB, 1)} MiB`;
}
