import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository, with no slash at its end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");
export const NODE = join(ROOT, "node_modules", ".bin", "node");

/** A command that ran to its end. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** @default the folder of the repository */
  readonly cwd?: string;
  /** All of its environment. @default that of the tests */
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node itself, before the script. */
  readonly node?: readonly string[];
}

/** Runs `rollcall` in a process of its own and waits for its end. */
export function rollcall(
  args: readonly string[],
  { node = [], ...options }: RunOptions = {},
): Promise<Ended> {
  const script = join(ROOT, "ops", "rollcall.js");
  return run(NODE, ["--disable-warning=ExperimentalWarning", ...node, script, ...args], options);
}

/** Runs any command and waits for its end. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd = ROOT, env = process.env }: Omit<RunOptions, "node"> = {},
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const out = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      out[stream] += text;
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...out };
}

/** Does the work of each item, two at a time: a process start keeps one core of a small machine busy. */
export async function twoAtATime<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const queue = [...items.entries()];
  const results = new Map<number, R>();
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.set(next[0], await work(next[1]));
  };
  await Promise.all([worker(), worker()]);
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}

/** A folder of a test. */
export interface Folder {
  readonly path: string;
  write(files: ReadonlyMap<string, string>): void;
  remove(): void;
}

/** An empty folder outside of the repository. */
export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "rollcall-test-"));
  return {
    path,
    write: (files) => {
      for (const [file, text] of files) {
        mkdirSync(dirname(join(path, file)), { recursive: true });
        writeFileSync(join(path, file), text);
      }
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** A temporary folder with a copy of the reviewed catalog and of the pages that it names. */
export function copiedCatalog(): Folder {
  const folder = temporaryFolder();
  cpSync(join(ROOT, "stacks"), join(folder.path, "stacks"), { recursive: true });
  cpSync(join(ROOT, "docs", "runbooks"), join(folder.path, "docs", "runbooks"), { recursive: true });
  return folder;
}

/** A git repository in a folder: its own settings, nobody's hooks. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const settings = [
    "user.name=Test",
    "user.email=test@example.com",
    "commit.gpgsign=false",
    "core.hooksPath=",
  ];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  const result = await run("git", [...settings.flatMap((one) => ["-c", one]), ...args], { cwd: folder, env });
  if (result.code !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
  return result.stdout.trim();
}

/** Makes a repository of a folder with everything in it as its first commit, and returns that commit. */
export async function committed(folder: string): Promise<string> {
  await git(folder, "init", "--quiet", "--initial-branch=main");
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--message", "The catalog as it was reviewed");
  return git(folder, "rev-parse", "HEAD");
}
