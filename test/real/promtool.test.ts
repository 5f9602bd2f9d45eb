/** The Prometheus rules as promtool reads them. Not proved here: what they fire on; that is replayed elsewhere. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { tool } from "../support/toolchain.ts";

const ROOT = join(import.meta.dirname, "..", "..");

describeWithTools(["promtool"], "the Prometheus rules", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-promtool-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const rules = (environment: string): string => {
    const file = join(folder, `${environment}.yaml`);
    writeFileSync(
      file,
      dump(buildPlan(loadEnvironment(diskSource(ROOT), environment)).prometheus, { lineWidth: -1 }),
    );
    return file;
  };

  it.each(["local", "staging", "production"])("of %s are accepted by promtool", async (environment) => {
    const plan = buildPlan(loadEnvironment(diskSource(ROOT), environment));
    const count = plan.prometheus.groups.reduce((sum, group) => sum + group.rules.length, 0);
    const said = execFileSync(await tool("promtool"), ["check", "rules", rules(environment)], {
      encoding: "utf8",
    });
    expect(said).toContain(`SUCCESS: ${count} rules found`);
  });

  it("page for a total outage within five minutes of its start", async () => {
    const plan = buildPlan(loadEnvironment(diskSource(ROOT), "production"));
    // the label sets of one server of production, a sample a minute for 90 minutes
    const series = (server: string, values: string) => ({
      series: `mcp_probe_success{environment="production",server="${server}",path="mcp"}`,
      values,
    });
    const page = plan.prometheus.groups
      .flatMap((group) => group.rules)
      .find(
        ({ alert, labels }) =>
          alert === "MCPErrorBudgetPage" &&
          labels?.server === "task-mcp" &&
          labels.slo === "api-availability",
      );
    const expected = { exp_labels: page?.labels, exp_annotations: page?.annotations };
    const test = {
      rule_files: [rules("production")],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          // the outage begins at minute 60; the probe lost at minute 30 stays alone
          input_series: [
            series("task-mcp", "1x29 0 1x29 0x30"),
            series("memory", "1x29 0 1x59"),
            // asked every 5 minutes: one lost probe is all that its gauge says for as long
            series("skillmeat-github", "1x24 0x4 1x60"),
          ],
          alert_rule_test: [
            { eval_time: "31m", alertname: "MCPErrorBudgetPage", exp_alerts: [] },
            { eval_time: "65m", alertname: "MCPErrorBudgetPage", exp_alerts: [expected] },
          ],
        },
      ],
    };
    const file = join(folder, "test.yaml");
    writeFileSync(file, dump(test, { lineWidth: -1 }));
    expect(
      execFileSync(await tool("promtool"), ["test", "rules", file], { encoding: "utf8", stdio: "pipe" }),
    ).toContain("SUCCESS");
  });
});
