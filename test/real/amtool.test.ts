/** Alertmanager's configuration as amtool reads it, and whom it would tell of an alert. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { planAlertmanager } from "../../plan/alertmanager/config.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { tool } from "../support/toolchain.ts";

const files = catalogFiles();

describeWithTools(["amtool"], "Alertmanager's configuration", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-amtool-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const config = (environment: string, from = files): string => {
    const file = join(folder, "alertmanager.yaml");
    const plan = planAlertmanager(loadEnvironment(mapSource(from), environment));
    writeFileSync(file, JSON.stringify(plan));
    return file;
  };
  const amtool = async (...args: readonly string[]): Promise<string> =>
    execFileSync(await tool("amtool"), args, { encoding: "utf8", stdio: "pipe" });
  const told = async (file: string, labels: Readonly<Record<string, string>>): Promise<string[]> => {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const said = await amtool("config", "routes", "test", `--config.file=${file}`, ...pairs);
    return said.trim().split(",");
  };

  it.each(["local", "staging", "production"])(
    "[PLAY-09] of %s is accepted by amtool",
    async (environment) => {
      const said = await amtool("check-config", config(environment));
      expect(said).toContain("SUCCESS");
      expect(said).toContain("6 inhibit rules");
    },
  );

  it("[PLAY-12] is accepted with every kind of maintenance", async () => {
    const from = "platform: cloud\n";
    const maintenance = [
      '  move: { servers: [memory], reason: move, at: "2026-12-05T22:00", zone: Europe/Berlin, for: 50h }',
      '  patch: { reason: patches, weekly: { on: [sat, sun], at: "23:00" }, zone: Europe/Berlin, for: 2h, until: 2027-03-31 }',
    ].join("\n");
    const to = `${from}maintenance:\n${maintenance}\n`;
    const file = config("production", edited(files, { file: "stacks/production.yaml", from, to }));
    expect(await amtool("check-config", file)).toContain("SUCCESS");
    expect(await told(file, { escalation: "standard", server: "memory" })).toEqual(["operations-engineer"]);
  });

  it("[PLAY-09] tells each level of an escalation those who stand in the catalog for it", async () => {
    const file = config("production");
    const { escalations } = loadEnvironment(mapSource(files), "production");
    for (const { name, levels } of escalations) {
      for (const [index, level] of levels.entries()) {
        const labels = { escalation: name, server: "memory", ...(index === 0 ? {} : { level: level.name }) };
        expect(await told(file, labels), `${name} ${level.name}`).toEqual(level.tell);
      }
    }
  });

  it("[PLAY-07] tells level 2 and the security team of a reworded tool at once", async () => {
    const rule = planPrometheus(loadEnvironment(mapSource(files), "production"))
      .flatMap(({ rules }) => rules)
      .find(({ alert }) => alert === "MCPSecurityIncident");
    const labels = { alertname: "MCPSecurityIncident", ...rule?.labels };
    expect(await told(config("production"), labels)).toEqual(["senior-operations-engineer", "security"]);
  });

  it("tells whoever waits for a dead monitoring of the alert that always fires, and somebody of anything else", async () => {
    const file = config("production");
    expect(await told(file, { alertname: "Watchdog", environment: "production" })).toEqual(["watchdog"]);
    expect(await told(file, { alertname: "SomebodyElse" })).toEqual(["operations-engineer"]);
  });
});
