import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Store } from "../../monitor/store.ts";
import { resultOf } from "../support/observation.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const result = resultOf({
  server: "memory",
  mcp: { outcome: "ok", failureClass: null, era: "legacy", protocolVersion: "2025-11-25", tools: 9 },
});

function recordAt(store: Store, ...moments: number[]): void {
  for (const at of moments) store.record({ at, result, measures: { McpAvailable: 1 } });
}

test("the extent of the history is right after each result, each pruning and each start", () => {
  const store = new Store(folder);
  expect(store.extent()).toEqual({ results: 0, since: null });
  recordAt(store, 1_000, 2_000, 3_000);
  expect(store.extent()).toEqual({ results: 3, since: 1_000 });
  store.prune(2_000);
  expect(store.extent()).toEqual({ results: 2, since: 2_000 });
  store.close();
  const again = new Store(folder);
  recordAt(again, 4_000);
  expect(again.extent()).toEqual({ results: 3, since: 2_000 });
  expect(again.latest("memory")).toEqual(result);
  again.close();
});

test("samples are those from a moment up to, and not at, another; pruned with the results", () => {
  const store = new Store(folder);
  recordAt(store, 1_000, 2_000, 3_000);
  const range = { server: "memory", metric: "McpAvailable", from: 1_000, to: 3_000 } as const;
  expect([...store.samples(range).times]).toEqual([1_000, 2_000]);
  store.prune(2_000);
  expect([...store.samples(range).times]).toEqual([2_000]);
  store.close();
});

test("an incident is open until it is closed, with the levels that were told", () => {
  const store = new Store(folder);
  const incident = { id: "a@1", alarm: "a", openedAt: 1, told: ["L1", "L2"] };
  store.saveIncident(incident, null);
  expect(store.openIncidents()).toEqual([incident]);
  store.saveIncident(incident, 5);
  expect(store.openIncidents()).toEqual([]);
  store.close();
});
