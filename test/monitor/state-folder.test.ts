import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { announce, findRunning, prepareStateFolder, withdraw } from "../../monitor/state-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const monitor = (pid: number) => ({ pid, url: "http://127.0.0.1:1", environment: "local", token: "t" });

test("a monitor is found by its state folder while it runs, and not once it has withdrawn", () => {
  announce(folder, monitor(process.ppid));
  expect(findRunning(folder)).toEqual(monitor(process.ppid));
  withdraw(folder);
  expect(findRunning(folder)).toBeUndefined();
});

test("what a killed monitor has left behind does not count, even where its process id is ours now", () => {
  announce(folder, monitor(2 ** 22 + 1));
  expect(findRunning(folder)).toBeUndefined();
  announce(folder, monitor(process.pid));
  expect(findRunning(folder)).toBeUndefined();
  writeFileSync(join(folder, "monitor.json"), "{ half");
  expect(findRunning(folder)).toBeUndefined();
});

test("a folder is made with those above it; a place that takes none is refused and not waited for", () => {
  const deep = join(folder, "a", "b");
  prepareStateFolder(deep);
  expect(readdirSync(deep)).toEqual([]);
  expect(() => prepareStateFolder("/proc/none/x")).toThrow("the state folder cannot be written");
});
