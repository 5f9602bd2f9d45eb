import { readdirSync, readFileSync } from "node:fs";
import type { Measures } from "../../catalog/metrics.ts";

/** The unit of times in /proc, in every second: `USER_HZ`, proc(5). */
const TICKS = 100;

interface CpuReading {
  readonly pid: number;
  readonly ticks: number;
  readonly at: number;
}

/**
 * What the process of one server uses, for the runner that started it. Linux alone tells; elsewhere it is
 * nothing.
 */
export class ProcessUsage {
  readonly #now: () => number;
  readonly #proc: string;
  #before: CpuReading | null = null;

  constructor({
    now = Date.now,
    proc = "/proc",
  }: { readonly now?: () => number; readonly proc?: string } = {}) {
    this.#now = now;
    this.#proc = proc;
  }

  /**
   * Resident memory, open files, and the share of one processor since the last reading of the same process;
   * what cannot be read is left out.
   */
  read(pid: number | null): Measures {
    if (pid === null) return {};
    const status = this.#text(pid, "status");
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return {
      ...(kib === undefined ? {} : { ServerMemory: Number(kib) * 1_024 }),
      ...some("mcp_server_file_descriptors", this.#files(pid)),
      ...some("mcp_server_cpu_usage_percent", this.#cpu(pid)),
    };
  }

  #cpu(pid: number): number | null {
    // the name in parentheses may hold anything, blanks and parentheses too
    const fields = this.#text(pid, "stat")
      .replace(/^.*\) /s, "")
      .split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    if (!Number.isFinite(ticks)) return null;
    const before = this.#before;
    const at = this.#now();
    this.#before = { pid, ticks, at };
    if (before === null || before.pid !== pid || at <= before.at) return null;
    return Math.max(0, ((ticks - before.ticks) / TICKS / ((at - before.at) / 1_000)) * 100);
  }

  #files(pid: number): number | null {
    try {
      return readdirSync(`${this.#proc}/${pid}/fd`).length;
    } catch {
      return null;
    }
  }

  #text(pid: number, file: string): string {
    try {
      return readFileSync(`${this.#proc}/${pid}/${file}`, "utf8");
    } catch {
      return "";
    }
  }
}

function some(name: string, value: number | null): Measures {
  return value === null ? {} : { [name]: value };
}
