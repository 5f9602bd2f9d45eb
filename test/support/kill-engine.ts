import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { tool } from "./toolchain.ts";

/**
 * Ends the engine of the one `up` that this process runs, as an out-of-memory killer or a cancelled job would: it has
 * no time to write anything. Throws when there is not exactly one.
 */
export async function killUp(): Promise<void> {
  const pulumi = await tool("pulumi");
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="]);
  const found = stdout.split("\n").flatMap((line) => {
    const [, pid, parent, args = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === process.pid && args.startsWith(`${pulumi} up `) ? [Number(pid)] : [];
  });
  const [pid] = found;
  if (pid === undefined || found.length > 1) throw new Error(`${found.length} engines run an up`);
  process.kill(pid, "SIGKILL");
}
