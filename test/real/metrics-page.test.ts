/** The metrics page as promtool reads it. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { Exposition } from "../../monitor/exposition.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { failing, OK, observationOf } from "../support/observation.ts";
import { tool } from "../support/toolchain.ts";

/** Of the Playbook's names, those that promtool's linter would have chosen otherwise. */
const NAMED_BY_THE_PLAYBOOK = /mcp_server_cpu_usage_percent/;

describeWithTools(["promtool"], "the metrics page", () => {
  it("is accepted by promtool, but for names that the Playbook has given", async () => {
    const page = new Exposition("production");
    const seen = observationOf({ mcp: OK, rest: failing("http") });
    const { result } = seen;
    const numbers = { mcp_messages_processed_total: 4, mcp_server_cpu_usage_percent: 3, queue_depth: 2 };
    const serverInfo = { name: 'a "quoted" \\ name\n', version: "1" };
    const mcp = { ...result.mcp, era: "legacy", serverInfo, tools: 2 } as const;
    page.publish({ ...seen, result: { ...result, mcp, rest: { ...result.rest, numbers } } }, numbers);
    page.setAlarm("subject", "subject-down", "ALARM");
    const text = page.text();
    expect(text).toContain("queue_depth");
    const { status, stdout, stderr } = spawnSync(await tool("promtool"), ["check", "metrics"], {
      input: text,
      encoding: "utf8",
    });
    // 3 is for what the linter would rather see, 1 for what cannot be read
    expect([0, 3], stderr).toContain(status);
    const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
    expect(complaints.filter((line) => !NAMED_BY_THE_PLAYBOOK.test(line))).toEqual([]);
  });
});
