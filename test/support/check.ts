import { spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const BIN = join(ROOT, "node_modules", ".bin");

interface Gate {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** What a commit must pass besides its tests; two at a time, the slow ones first. */
const GATES: readonly Gate[] = [
  { name: "types", command: join(BIN, "tsc"), args: [] },
  {
    name: "architecture",
    command: join(BIN, "vitest"),
    args: ["run", "--project", "unit", "test/architecture.test.ts", "test/mission.test.ts"],
  },
  { name: "format and lint", command: join(BIN, "biome"), args: ["check", "--error-on-warnings", "."] },
  { name: "generated files", command: process.execPath, args: [join(ROOT, "ops", "generate.ts"), "--check"] },
];

async function runGate({ name, command, args }: Gate): Promise<boolean> {
  const from = performance.now();
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const ok = await new Promise<boolean>((resolve) => {
    child.once("error", (error) => {
      output.push(Buffer.from(error.message));
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  process.stdout.write(
    `${ok ? "ok    " : "failed"}  ${name}  ${seconds} s\n${ok ? "" : `${Buffer.concat(output).toString("utf8").trimEnd()}\n`}`,
  );
  return ok;
}

/** `npm run check`: prints a line a gate, and what a failed one said. */
async function run(): Promise<void> {
  const waiting = [...GATES];
  const results: boolean[] = [];
  const worker = async (): Promise<void> => {
    for (let gate = waiting.shift(); gate !== undefined; gate = waiting.shift())
      results.push(await runGate(gate));
  };
  await Promise.all([worker(), worker()]);
  process.exitCode = results.every(Boolean) ? 0 : 1;
}

await run();
