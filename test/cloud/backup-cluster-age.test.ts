import { describe, expect, it } from "vitest";
import { newestClusterBackup } from "../../cloud/backup/cluster-age.ts";
import { jsonPiece } from "../../cloud/backup/piece.ts";
import { takeBackup } from "../../cloud/backup/take.ts";
import { type MemoryBackups, memoryBackups } from "../support/memory-backups.ts";

// What the daily backup sees of the cluster's; that it is published is in backup.test.ts.

const NIGHT = Date.parse("2026-11-22T02:00:00.000Z");
const HOUR = 3_600_000;
const PREFIX = "production-cluster/";

const save = (store: MemoryBackups, at: number, prefix = PREFIX) =>
  takeBackup({
    ...{ store, prefix, environment: "production", part: "cluster", catalog: "0123456", tool: "0.1.0" },
    sources: [
      { source: "configmaps", pieces: async () => [jsonPiece("configmaps", "configmaps/mcp.json", {})] },
    ],
    absent: [],
    now: () => at,
  });

async function seen(backups: MemoryBackups): Promise<readonly [hours: number, rules: readonly string[]]> {
  const input = { backups, prefix: "production/", clusterPrefix: PREFIX, now: NIGHT };
  const { ageSeconds, late, faults } = await newestClusterBackup(input);
  return [ageSeconds / 3_600, [...late, ...faults].map(({ rule }) => rule)];
}

describe("the newest backup of the cluster", () => {
  it("is the last of those that were completed", async () => {
    const backups = memoryBackups();
    await save(backups, NIGHT - 48 * HOUR);
    await save(backups, NIGHT - 24 * HOUR);
    expect(await seen(backups)).toEqual([24, []]);
  });

  it("is late after 26 hours, and one that never ended is none", async () => {
    const backups = memoryBackups();
    await save(backups, NIGHT - 27 * HOUR);
    const bytes = Buffer.from("{}");
    await backups.put({
      key: `${PREFIX}2026-11-22T010000Z/run.json`,
      bytes,
      contentType: "application/json",
    });
    expect(await seen(backups)).toEqual([27, ["has had no complete backup for 27 hours"]]);
  });

  it("is as old as the oldest backup of the environment where there is none, and new where there is none of that", async () => {
    const backups = memoryBackups();
    expect(await seen(backups)).toEqual([0, []]);
    await save(backups, NIGHT - 24 * HOUR, "production/");
    expect(await seen(backups)).toEqual([24, []]);
  });

  it("has a fault where its manifest cannot be read", async () => {
    const backups = memoryBackups();
    const { run } = await save(backups, NIGHT - HOUR);
    backups.tamper(`${PREFIX}${run}/manifest.json`, () => Buffer.from("{}"));
    expect(await seen(backups)).toEqual([1, ["is no manifest"]]);
  });
});
