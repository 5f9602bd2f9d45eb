import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { memorySource } from "../../catalog/snapshot.ts";
import type { Environment } from "../../catalog/types.ts";
import { catalogSources } from "../../cloud/backup/catalog-pieces.ts";
import { type DrillInput, type DrillResult, runDrill } from "../../cloud/backup/drill.ts";
import { MANIFEST, type Manifest, type Source } from "../../cloud/backup/manifest.ts";
import { type Gathered, jsonPiece, linesPiece } from "../../cloud/backup/piece.ts";
import { takeBackup } from "../../cloud/backup/take.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { catalogFiles } from "../support/catalog-files.ts";
import { type MemoryBackups, memoryBackups } from "../support/memory-backups.ts";

// The bucket is one in memory, because S3 lets nobody damage a version that is kept; the real one is in backup.test.ts.

const NIGHT = Date.parse("2026-11-22T02:00:00.000Z");
const DRILL = Date.parse("2026-11-22T03:00:00.000Z");
const FOLDER = "production/2026-11-22T020000Z/";
const SOURCES: readonly Source[] = ["run", "catalog", "contract", "servers", "desktop", "plan", "history"];

const texts = catalogFiles();
let environment: Environment;
let plan: Plan;

beforeAll(() => {
  environment = loadEnvironment(memorySource(texts), "production");
  plan = buildPlan(environment);
});

const history: Gathered = {
  source: "history",
  pieces: async () => [linesPiece("history", "history/task-mcp.jsonl.gz", [{ server: "task-mcp", at: [1] }])],
};

async function take(
  store: MemoryBackups,
  at = NIGHT,
  change: Partial<Parameters<typeof takeBackup>[0]> = {},
): Promise<Manifest> {
  return takeBackup({
    store,
    prefix: "production/",
    environment: "production",
    part: "cloud",
    catalog: environment.digest,
    tool: "0.1.0",
    sources: [...catalogSources({ texts, environment, plan }), history],
    absent: [],
    now: () => at,
    ...change,
  });
}

/** A drill, and all that it found in one list: what may be lost first. */
async function drill(
  backups: MemoryBackups,
  change: Partial<DrillInput> = {},
): Promise<DrillResult & { readonly problems: readonly Problem[] }> {
  const result = await runDrill({
    environment: "production",
    parts: [{ part: "cloud", prefix: "production/", sources: SOURCES }],
    backups,
    scratch: memoryBackups("scratch"),
    restored: "restored/",
    records: "verified/",
    now: () => DRILL,
    ...change,
  });
  return { ...result, problems: [...result.faults, ...result.lapses] };
}

/** The drill's findings as `place: rule`, after something was done to a whole backup. */
async function found(damage: (backups: MemoryBackups, manifest: Manifest) => unknown): Promise<string[]> {
  const backups = memoryBackups();
  await damage(backups, await take(backups));
  const { verified, problems } = await drill(backups);
  expect(verified).toBe(problems.length === 0);
  expect(problems.every(({ cure }) => cure !== "")).toBe(true);
  return problems.map(({ place, path, rule }) => `${place}${path === "" ? "" : `  ${path}`}: ${rule}`);
}

const at = (path: string): string => `s3://backups/${FOLDER}${path}`;

/** A manifest of the same run that says something else, in the place of the true one. */
function rewrite(backups: MemoryBackups, change: (manifest: Manifest) => unknown): void {
  backups.tamper(`${FOLDER}${MANIFEST}`, (bytes) =>
    Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(bytes).toString("utf8")) as Manifest))),
  );
}

describe("a drill", () => {
  it("[SKILL-08] restores a whole backup into the scratch bucket, finds nothing, and records it", async () => {
    const [backups, scratch] = [memoryBackups(), memoryBackups("scratch")];
    const manifest = await take(backups);
    const result = await drill(backups, { scratch });
    expect(result.problems).toEqual([]);
    expect(result.verified).toBe(true);
    expect(result.objects).toBe(manifest.objects.length);
    const restored = await scratch.keys("restored/");
    expect(restored).toEqual(manifest.objects.map(({ key }) => `restored/2026-11-22T030000Z/${key}`).sort());
    expect(await scratch.keys("verified/")).toEqual(["verified/2026-11-22T030000Z"]);
  });

  it("records nothing when it found something", async () => {
    const [backups, scratch] = [memoryBackups(), memoryBackups("scratch")];
    await take(backups);
    backups.tamper(`${FOLDER}plan.json`, (bytes) => bytes.slice(1));
    await drill(backups, { scratch });
    expect(await scratch.keys("verified/")).toEqual([]);
  });

  it("names an object that is corrupt, cut short or gone, by its place", async () => {
    const key = `${FOLDER}history/task-mcp.jsonl.gz`;
    const flip = (bytes: Uint8Array) => bytes.with(5, (bytes[5] ?? 0) ^ 1);
    expect(await found((backups) => backups.tamper(key, flip))).toEqual([
      expect.stringMatching(
        /^s3:\/\/backups\/production\/2026-11-22T020000Z\/history\/.*: is corrupt: its SHA-256/,
      ),
    ]);
    expect(await found((backups) => backups.tamper(key, (bytes) => bytes.slice(0, 3)))).toEqual([
      expect.stringMatching(/history\/task-mcp\.jsonl\.gz: is cut short: 3 bytes instead of \d+$/),
    ]);
    expect(await found((backups) => backups.tamper(key, () => undefined))).toEqual(
      expect.arrayContaining([expect.stringContaining("history/task-mcp.jsonl.gz: is missing")]),
    );
  });

  it("names what was written over or deleted later, though the backup's own version is still whole", async () => {
    const key = `${FOLDER}catalog/stacks/shared.yaml`;
    const body = { key, bytes: Buffer.from("x"), contentType: "text/plain" };
    expect(await found((backups) => backups.put(body))).toEqual([
      `${at("catalog/stacks/shared.yaml")}: was written over after the backup`,
    ]);
    expect(await found((backups) => backups.mark(key))).toEqual([
      `${at("catalog/stacks/shared.yaml")}: was deleted after the backup`,
    ]);
  });

  it("trusts the first manifest of a run, and names the one that was put over it", async () => {
    const lie = { key: `${FOLDER}${MANIFEST}`, bytes: Buffer.from("{}"), contentType: "application/json" };
    expect(await found((backups) => backups.put(lie))).toEqual([
      `${at(MANIFEST)}: was written over after the backup`,
    ]);
  });

  it("names a stranger in the folder of a run", async () => {
    const stranger = { key: `${FOLDER}extra.sh`, bytes: Buffer.from("x"), contentType: "text/plain" };
    expect(await found((backups) => backups.put(stranger))).toEqual([`${at("extra.sh")}: is in no manifest`]);
  });

  it("calls a folder without a manifest no backup, and restores the one before it", async () => {
    const backups = memoryBackups();
    await take(backups, NIGHT - 3_600_000);
    await take(backups);
    backups.tamper(`${FOLDER}${MANIFEST}`, () => undefined);
    const { problems, runs } = await drill(backups);
    expect(problems.map(({ place, rule }) => `${place}: ${rule}`)).toEqual([
      `${at("")}: has no manifest: that backup was never completed`,
    ]);
    expect(runs).toEqual(["production/2026-11-22T010000Z/"]);
  });

  it("leaves a run alone that may still be writing", async () => {
    const backups = memoryBackups();
    await take(backups);
    await take(backups, DRILL - 60_000);
    backups.tamper(`production/2026-11-22T025900Z/${MANIFEST}`, () => undefined);
    expect((await drill(backups)).problems).toEqual([]);
  });

  it("says so when there is no backup at all, and when the latest one is old", async () => {
    expect((await drill(memoryBackups())).problems.map(({ rule }) => rule)).toEqual([
      "holds no complete backup",
    ]);
    const backups = memoryBackups();
    await take(backups, NIGHT - 2 * 86_400_000);
    expect((await drill(backups)).problems.map(({ rule }) => rule)).toEqual([
      "is the latest backup and 49 hours old",
    ]);
  });

  it("finds a manifest that lies about its catalog, its run, its environment or its sources", async () => {
    const lie = (change: (manifest: Manifest) => unknown) => found((backups) => rewrite(backups, change));
    expect(await lie((one) => ({ ...one, catalog: "0000000" }))).toEqual(
      expect.arrayContaining([
        `${at("catalog/")}: is catalog ${environment.digest}, not 0000000 as the manifest says`,
      ]),
    );
    expect(await lie((one) => ({ ...one, run: "2026-11-21T020000Z" }))).toEqual([
      `${at(MANIFEST)}: says run 2026-11-21T020000Z, and lies where 2026-11-22T020000Z belongs`,
    ]);
    expect(await lie((one) => ({ ...one, environment: "staging" }))).toEqual(
      expect.arrayContaining([
        `${at(MANIFEST)}: says environment staging, and lies where production belongs`,
      ]),
    );
    expect(
      await lie((one) => ({ ...one, objects: one.objects.filter(({ source }) => source !== "history") })),
    ).toEqual(expect.arrayContaining([`${at(MANIFEST)}: has no history`]));
    expect(await lie((one) => ({ ...one, objects: [...one.objects, one.objects[0]] }))).toEqual([
      `${at(MANIFEST)}: lists ${FOLDER}run.json twice`,
    ]);
    expect(await lie(() => ({ version: 1 }))).toContainEqual(
      expect.stringContaining(`${at(MANIFEST)}  environment: `),
    );
  });

  it("does not let a source pass as not configured that the environment has", async () => {
    const absent = { source: "history", why: "not configured", detail: "nobody asked" } as const;
    const lied = await found((backups) =>
      rewrite(backups, (one) => ({
        ...one,
        objects: one.objects.filter(({ source }) => source !== "history"),
        absent: [absent],
      })),
    );
    expect(lied).toContain(`${at(MANIFEST)}: has no history`);
  });

  it("names a source that the backup could not read", async () => {
    const backups = memoryBackups();
    const broken: Gathered = {
      source: "history",
      pieces: () => Promise.reject(new Error("CloudWatch is away")),
    };
    await take(backups, NIGHT, { sources: [...catalogSources({ texts, environment, plan }), broken] });
    expect((await drill(backups)).problems.map(({ rule }) => rule)).toEqual([
      "has no whole history: CloudWatch is away",
    ]);
  });

  it("finds a catalog that does not load any more, with the place inside of it", async () => {
    const bad = new Map(texts).set("stacks/shared.yaml", "contacts: 1\n");
    const backups = memoryBackups();
    await take(backups, NIGHT, {
      sources: [...catalogSources({ texts: bad, environment, plan }), history],
    });
    const { problems } = await drill(backups);
    expect(problems.map(({ place }) => place)).toContainEqual(
      expect.stringContaining(`${at("catalog/stacks/shared.yaml")}:1`),
    );
  });

  it("says apart what may be lost and what was only not made, late or not fit", async () => {
    const broken: Gathered = { source: "history", pieces: () => Promise.reject(new Error("away")) };
    const lapses: [what: string, backups: MemoryBackups][] = [
      ["no backup", memoryBackups()],
      ["a stale one", memoryBackups()],
      ["one that never ended", memoryBackups()],
      ["a source that could not be read", memoryBackups()],
    ];
    const [, stale, unfinished, partial] = lapses.map(([, backups]) => backups);
    if (stale === undefined || unfinished === undefined || partial === undefined)
      throw new Error("unreachable");
    await take(stale, NIGHT - 2 * 86_400_000);
    await take(unfinished, NIGHT - 3_600_000);
    await take(unfinished);
    unfinished.tamper(`${FOLDER}${MANIFEST}`, () => undefined);
    await take(partial, NIGHT, { sources: [...catalogSources({ texts, environment, plan }), broken] });
    for (const [what, backups] of lapses) {
      const result = await drill(backups);
      expect([result.verified, result.faults.length, result.lapses.length], what).toEqual([false, 0, 1]);
    }
    const damaged = memoryBackups();
    await take(damaged);
    damaged.tamper(`${FOLDER}plan.json`, (bytes) => bytes.slice(1));
    const { faults, lapses: none } = await drill(damaged);
    expect([faults.length, none.length]).toEqual([1, 0]);
  });

  it("every object of a run is written under a key that is new: the bucket takes no other", async () => {
    const backups = memoryBackups();
    const asked: (boolean | undefined)[] = [];
    const put: MemoryBackups["put"] = (object) => {
      asked.push(object.onlyNew);
      return backups.put(object);
    };
    const { objects } = await take({ ...backups, put });
    expect(asked).toEqual(Array(objects.length + 1).fill(true));
  });

  it("drills the part of the cluster as well, where there is one", async () => {
    const backups = memoryBackups();
    await take(backups);
    const parts = [
      { part: "cloud", prefix: "production/", sources: SOURCES },
      { part: "cluster", prefix: "production-cluster/", sources: ["run", "configmaps"] },
    ] as const;
    expect((await drill(backups, { parts })).problems.map(({ place }) => place)).toEqual([
      "s3://backups/production-cluster/",
    ]);
    await take(backups, NIGHT, {
      prefix: "production-cluster/",
      part: "cluster",
      sources: [
        {
          source: "configmaps",
          pieces: async () => [jsonPiece("configmaps", "configmaps/mcp.json", { items: [] })],
        },
      ],
    });
    expect((await drill(backups, { parts })).problems).toEqual([]);
  });

  it("notices a scratch place that does not give back what it was given", async () => {
    const backups = memoryBackups();
    await take(backups);
    const scratch = memoryBackups("scratch");
    const forgetful = { ...scratch, get: async () => Buffer.from("other") };
    const { problems } = await drill(backups, { scratch: forgetful });
    expect(problems[0]?.rule).toBe("does not come back as it was restored");
  });
});

describe("whatever is done to a backup", () => {
  it("any one byte of any one object that differs is found, and its object is named", async () => {
    const backups = memoryBackups();
    const { objects } = await take(backups);
    const scratch = memoryBackups("scratch");
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, where, bits) => {
        const entry = objects[which % objects.length];
        if (entry === undefined || entry.size === 0) return;
        const change = (bytes: Uint8Array) => {
          const index = where % bytes.byteLength;
          return bytes.with(index, (bytes[index] ?? 0) ^ bits);
        };
        backups.tamper(entry.key, change);
        const { verified, problems } = await drill(backups, { scratch });
        backups.tamper(entry.key, change);
        expect(verified).toBe(false);
        expect(problems.map(({ place }) => place)).toContain(backups.place(entry.key));
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it("any object that a manifest leaves out, or says another size, digest or version of, is found", async () => {
    const backups = memoryBackups();
    const { objects } = await take(backups);
    const key = `${FOLDER}${MANIFEST}`;
    const truth = await backups.get({ key, maxBytes: 1e9 });
    const lies = {
      left: () => [],
      size: (one: Manifest["objects"][number]) => [{ ...one, size: one.size + 1 }],
      digest: (one: Manifest["objects"][number]) => [{ ...one, sha256: "0".repeat(64) }],
      version: (one: Manifest["objects"][number]) => [{ ...one, versionId: "v0" }],
    } as const;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...Object.values(lies)), async (which, lie) => {
        const nth = which % objects.length;
        rewrite(backups, (one) => ({
          ...one,
          objects: one.objects.flatMap((entry, index) => (index === nth ? lie(entry) : [entry])),
        }));
        const { verified, problems } = await drill(backups);
        backups.tamper(key, () => truth);
        expect(verified).toBe(false);
        expect(problems.map(({ place }) => place)).toContain(backups.place(objects[nth]?.key ?? ""));
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it("no manifest makes a drill throw", async () => {
    const backups = memoryBackups();
    await take(backups);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        backups.tamper(`${FOLDER}${MANIFEST}`, () => Buffer.from(text));
        expect((await drill(backups)).verified).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
