import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { NODE, ROOT, run } from "../support/cli.ts";

// The edges of the process: who reads its output, and which Node starts it.

const COMMAND = `"${NODE}" --disable-warning=ExperimentalWarning ops/rollcall.js`;

test("a verdict is the same when nobody reads it to its end", async () => {
  const check = `${COMMAND} check --url http://127.0.0.1:9/mcp`;
  const { stderr } = await run("sh", ["-c", `{ ${check}; echo "exit $?" >&2; } | true`]);
  expect(stderr).toBe("exit 2\n");
});

test.skipIf(!existsSync("/dev/full"))("a full disk is one line and an exit code of its own", async () => {
  const { code, stderr } = await run("sh", ["-c", `${COMMAND} plan local > /dev/full`]);
  expect(code).toBe(69);
  expect(stderr).toMatch(/^standard output: cannot be written \(ENOSPC: [^\n]*\); send it elsewhere\n$/);
});

/** A Node of this machine that is older than the one that npm brings. */
const older = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .find((file) => existsSync(file) && major(file) < 24);

function major(node: string): number {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
}

test.skipIf(older === undefined)(
  "an older Node hands over to the one that npm brings, with arguments and exit code",
  async () => {
    const script = join(ROOT, "ops", "rollcall.js");
    expect(await run(older ?? "", [script, "validate", "local"])).toMatchObject({ code: 0, stderr: "" });
    const wrong = await run(older ?? "", [script, "plan", "nowhere"]);
    expect(wrong.code).toBe(65);
    expect(wrong.stderr).toMatch(/^stacks\/nowhere\.yaml: there is no environment/);
  },
);
