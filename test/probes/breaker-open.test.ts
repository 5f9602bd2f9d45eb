import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openBreakerStore } from "../../probes/breaker/open.ts";
import type { BreakerSnapshot } from "../../probes/breaker/state.ts";

/** Which store `ROLLCALL_BREAKERS` names. What a table keeps is proved beside this file. */

const ROOT = join(import.meta.dirname, "..", "..");
const SNAPSHOT: BreakerSnapshot = {
  server: "subject",
  path: "mcp",
  state: "closed",
  failures: 1,
  openedAt: null,
  restingSince: null,
  recoveryAttempts: 0,
  last: { failureClass: "timeout", detail: "no answer within 2000 ms" },
};

describe("ROLLCALL_BREAKERS", () => {
  const input = {
    environment: "staging",
    tell: (problem: string): never => {
      throw new Error(problem);
    },
  };

  it("is the path of a file unless it names a table", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-breakers-"));
    const path = join(folder, "breakers.json");
    await openBreakerStore(path, input).save([SNAPSHOT]);
    expect(await openBreakerStore(path, input).load()).toEqual([SNAPSHOT]);
    await rm(folder, { recursive: true });
  });

  it.each(["", "ab", "a/b", "arn:aws:dynamodb:eu-west-1:1:table/x"])(
    "refuses %j as the name of a table, and says what one looks like",
    (table) => {
      expect(() => openBreakerStore(`dynamodb:${table}`, input)).toThrow(
        /ROLLCALL_BREAKERS: .* is no name of a DynamoDB table; write one such as dynamodb:/,
      );
    },
  );

  it("loads the SDK of AWS for a table only, and then before the first run", async () => {
    const lambda = JSON.stringify(join(ROOT, "probes", "runners", "lambda.ts"));
    const script = `import { createRequire } from "node:module";
      await import(${lambda});
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      console.log(loaded.some((path) => path.includes("client-dynamodb")));`;
    const loaded = async (env: Record<string, string>): Promise<string> => {
      const args = ["--input-type=module", "-e", script];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
      return stdout.trim();
    };
    expect(await loaded({})).toBe("false");
    expect(await loaded({ ROLLCALL_BREAKERS: "breakers.json" })).toBe("false");
    expect(await loaded({ ROLLCALL_BREAKERS: "dynamodb:state" })).toBe("true");
  });
});
