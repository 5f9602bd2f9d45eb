/**
 * What the engine starts on an older Node: it hands over to the one that the package brings along. This Node only says
 * that it is older; that the package loads on a real one is for the system's Node to prove.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const NO_ENGINE = "127.0.0.1:1";
const PATIENCE_MS = 20_000;

/** Starts what the engine would, in a group of its own, as a Node that is too old. */
function olderNode(file: string): ChildProcess {
  const older = 'Object.defineProperty(process.versions, "node", { value: "20.0.0" });';
  const code = `${older} require(${JSON.stringify(join(ROOT, file))})();`;
  return spawn(process.execPath, ["--eval", code, "program", NO_ENGINE], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
}

it.each(["plugin/plugin.cjs", "policies/pack.cjs"])(
  "%s serves by the newer Node, and ends with what started it, however that ends",
  async (file) => {
    const parent = olderNode(file);
    const { stdout, pid } = parent;
    if (stdout === null || pid === undefined) throw new Error(`${file} was not started`);
    try {
      const [port] = (await once(createInterface(stdout), "line")) as [string];
      expect(Number(port)).toBeGreaterThan(0);
      // the child holds the same output, so it is closed once both have ended
      const closed = once(parent, "close");
      parent.kill("SIGKILL");
      const both = closed.then(() => "both ended");
      expect(await Promise.race([both, sleep(PATIENCE_MS, "the child goes on", { ref: false })])).toBe(
        "both ended",
      );
    } finally {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // nobody of the group is left
      }
    }
  },
  60_000,
);
