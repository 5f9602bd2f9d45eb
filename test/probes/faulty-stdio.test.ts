import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FailureClass } from "../../probes/result.ts";
import type { McpTarget } from "../../probes/target.ts";
import { child, floodsOn, scripted } from "../support/faulty.ts";
import { expectVerdict, judge } from "../support/judge.ts";
import { isRunning } from "../support/servers.ts";

/** What can be wrong with a child process: its start, its lines, its end, and what it leaves behind. */

/** Children that must be started and asked need more than a second of a busy machine. */
const ENOUGH_MS = 10_000;
const SHORT_MS = 1_500;
const SLEEPS = "setInterval(() => {}, 1000);";

async function expectOver(mcp: McpTarget, verdict: FailureClass | null): Promise<void> {
  const timeoutMs = verdict === "timeout" ? SHORT_MS : ENOUGH_MS;
  expectVerdict((await judge({ mcp, timeoutMs })).mcp, verdict);
}

describe("a child", () => {
  it.each<[string, McpTarget, FailureClass | null]>([
    ["that is right", child(), null],
    ["whose command does not exist", { ...scripted(""), command: "rollcall-none" } as McpTarget, "connect"],
    ["whose command is a folder", { ...scripted(""), command: tmpdir() } as McpTarget, "connect"],
    ["whose folder does not exist", { ...scripted(""), cwd: "/rollcall-none" } as McpTarget, "connect"],
    ["that ends at once with 0", scripted(""), "connect"],
    ["that ends at once with 3", scripted("process.exit(3)"), "connect"],
    [
      "that kills itself",
      scripted('process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)'),
      "connect",
    ],
    ["that ends at its first message", child({ each: "process.exit(1);" }), "connect"],
    [
      "that ends when its tools are asked for",
      child({ each: 'if (method === "tools/list") process.exit(1);' }),
      "connect",
    ],
    [
      "that wants a variable and has it",
      {
        ...child({ first: "if (process.env.WANTED !== 'yes') process.exit(1);" }),
        env: { WANTED: "yes" },
      } as McpTarget,
      null,
    ],
    [
      "that wants a variable and has it not",
      child({ first: "if (!process.env.WANTED) process.exit(1);" }),
      "connect",
    ],
    ["that says nothing", scripted(SLEEPS), "timeout"],
    ["that stops itself", scripted(`${SLEEPS} process.kill(process.pid, "SIGSTOP");`), "timeout"],
    ["that closes its stdin and says nothing", scripted(`process.stdin.destroy(); ${SLEEPS}`), "timeout"],
  ])("%s", (_, mcp, verdict) => expectOver(mcp, verdict));

  it("that only ever writes what is no JSON-RPC is broken, not slow", async () => {
    const garbage = scripted('setInterval(() => console.log("hm"), 5)');
    expectVerdict((await judge({ mcp: garbage, timeoutMs: SHORT_MS })).mcp, "protocol");
    const once = child({ first: 'say("Server started!");', each: "continue;" });
    expectVerdict((await judge({ mcp: once, timeoutMs: SHORT_MS })).mcp, "protocol");
  });
});

describe("a line", () => {
  it.each<[string, McpTarget, FailureClass | null]>([
    [
      "of garbage before the answers",
      child({ first: 'say("Server started!"); say(""); say("{}"); say("[1]");' }),
      null,
    ],
    ["with CR LF", child({ answer: 'say(text + "\\r");' }), null],
    [
      "in single characters",
      child({ answer: "for (const one of text + '\\n') process.stdout.write(one);" }),
      null,
    ],
    [
      "with a request of the server first",
      child({
        answer: 'say(\'{"jsonrpc":"2.0","id":"s1","method":"ping"}\'); say(text);',
      }),
      null,
    ],
    [
      "with an answer to somebody else first",
      child({
        answer: 'say(\'{"jsonrpc":"2.0","id":"other","result":{}}\'); say(text);',
      }),
      null,
    ],
    ["with a byte order mark", child({ first: 'process.stdout.write("\\ufeff");' }), null],
    ["that never ends", scripted(floodsOn("stdout")), "protocol"],
    ["of 5 MiB", child({ answer: 'say(" ".repeat(5 << 20) + text);' }), "protocol"],
    ["of 3 MiB", child({ answer: 'say(" ".repeat(3 << 20) + text);' }), null],
    ["after line without end", scripted(floodsOn("stdout", '"{}\\n".repeat(1 << 14)')), "protocol"],
    [
      "of invalid UTF-8",
      child({
        answer: "process.stdout.write(Buffer.from(text.replace('child', '\\xff'), 'latin1')); say('');",
      }),
      "protocol",
    ],
    [
      "of 100,000 lists within each other",
      child({
        answer:
          "say('['.repeat(100_000)); say(text.replace('\"tools\"', '\"x\":' + '['.repeat(99) + ']'.repeat(99) + ',\"tools\"'));",
      }),
      "protocol",
    ],
  ])("%s", (_, mcp, verdict) => expectOver(mcp, verdict));

  it("that floods stderr harms nobody", async () => {
    await expectOver(child({ first: floodsOn("stderr") }), null);
  });
});

describe("what a child leaves behind", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const noted = (name: string): string => join(folder, name);
  const note = (name: string, pids: string): string =>
    `(await import("node:fs")).writeFileSync(${JSON.stringify(noted(name))}, [${pids}].join(" "));`;
  const pidsOf = async (name: string): Promise<number[]> =>
    (await readFile(noted(name), "utf8")).split(" ").map(Number);

  it.each<[string, string, FailureClass | null]>([
    [
      "nothing when it ignores SIGTERM and the end of its stdin",
      `process.on("SIGTERM", () => {}); ${SLEEPS}`,
      null,
    ],
    [
      "nothing when a helper holds its pipes",
      'const helper = spawn("sleep", ["60"], { stdio: "inherit" });',
      null,
    ],
    [
      "nothing when it ends and a helper holds its pipes",
      'const helper = spawn("sleep", ["60"], { stdio: "inherit" }); process.stdin.once("data", () => process.exit(1));',
      "connect",
    ],
    [
      "nothing when it never answers",
      `process.on("SIGTERM", () => {}); process.stdin.destroy(); ${SLEEPS}`,
      "timeout",
    ],
  ])("is %s", async (name, habit, verdict) => {
    const pids = `process.pid${habit.includes("helper") ? ", helper.pid" : ""}`;
    const first = habit.replace(/(?<=inherit" }\);)|$/, ` ${note(name, pids)} `);
    await expectOver(child({ first }), verdict);
    // a signal that cannot be refused has been sent; the kernel may need a moment to obey
    for (const pid of await pidsOf(name)) await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it("is a helper that left its group, at most, and the check does not wait for it", async () => {
    const helper =
      'const helper = spawn("sleep", ["60"], { stdio: "inherit", detached: true }); helper.unref();';
    await expectOver(child({ first: `${helper} ${note("away", "helper.pid")}` }), null);
    for (const pid of await pidsOf("away")) process.kill(pid, "SIGKILL");
  });
});
