import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { type Folder, NODE, ROOT, rollcall, run, temporaryFolder, twoAtATime } from "../support/cli.ts";

// `rollcall plan`: what it prints, and that printing it needs no cloud, no network and no credentials.

/** Loaded before the program: notes every cloud module that is looked for and every way out of the process. */
const WATCH = `
import { registerHooks, syncBuiltinESMExports } from "node:module";
import dns from "node:dns";
import net from "node:net";
import child from "node:child_process";

const seen = [];
registerHooks({
  resolve(specifier, context, next) {
    if (/@pulumi\\/|@aws-sdk\\/|@kubernetes\\//.test(specifier)) seen.push("module " + specifier);
    return next(specifier, context);
  },
});
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  seen.push("net.connect");
  return Reflect.apply(connect, this, args);
};
const { lookup } = dns;
dns.lookup = (...args) => {
  seen.push("dns.lookup");
  return lookup(...args);
};
const { spawn } = child;
child.spawn = (...args) => {
  seen.push("spawn");
  return spawn(...args);
};
syncBuiltinESMExports();
process.on("exit", () => {
  if (seen.length === 0) return;
  process.stderr.write("seen: " + [...new Set(seen)].join(", ") + "\\n");
  process.exitCode = 99;
});
`;

const ENVIRONMENTS = ["local", "staging", "production"] as const;
const FORMATS = ["table", "json", "markdown"] as const;
/** No credentials, no home, no configuration: only where programs are found. */
const BARE = { PATH: process.env.PATH ?? "" };

const planOf = (environment: string): Plan => buildPlan(loadEnvironment(diskSource(ROOT), environment));

describe("rollcall plan", () => {
  let folder: Folder;
  let watch: string;
  const printed = new Map<string, string>();

  beforeAll(async () => {
    folder = temporaryFolder();
    folder.write(new Map([["watch.mjs", WATCH]]));
    watch = join(folder.path, "watch.mjs");
    const wanted = ENVIRONMENTS.flatMap((environment) => FORMATS.map((format) => ({ environment, format })));
    await twoAtATime(wanted, async ({ environment, format }) => {
      const args = ["plan", environment, "--format", format];
      const { code, stdout, stderr } = await rollcall(args, { env: BARE, node: ["--import", watch] });
      expect({ code, stderr }, args.join(" ")).toEqual({ code: 0, stderr: "" });
      printed.set(`${environment} ${format}`, stdout);
    });
  });
  afterAll(() => folder.remove());

  test("loads no cloud SDK, opens no connection, looks no name up and starts no process, with an empty environment", () => {
    expect(printed.size).toBe(ENVIRONMENTS.length * FORMATS.length);
  });

  test("would be caught if it did: the watcher sees a connection and a cloud module", async () => {
    const [connection, module] = await Promise.all([
      rollcall(["check", "--url", "http://127.0.0.1:9/mcp"], { node: ["--import", watch] }),
      run(NODE, [
        "--import",
        watch,
        "--input-type=module",
        "--eval",
        'await import("@pulumi/pulumi/version.js")',
      ]),
    ]);
    expect(connection.stderr).toContain("net.connect");
    expect(connection.code).toBe(99);
    expect(module.stderr).toContain("module @pulumi/pulumi/version.js");
    expect(module.code).toBe(99);
  });

  test.each(ENVIRONMENTS)("of %s as JSON is the very plan that is provisioned and run", (environment) => {
    const text = printed.get(`${environment} json`) ?? "";
    expect(text.split("\n")).toHaveLength(2);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(planOf(environment))));
  });

  test.each(ENVIRONMENTS)(
    "of %s as a table and as Markdown names every server, promise, alarm and action",
    (environment) => {
      const plan = planOf(environment);
      const names = plan.servers.flatMap(({ server, objectives, alarms, composites }) => [
        server,
        ...objectives.map(({ name }) => name),
        ...alarms.map(({ definition }) => definition.AlarmName),
        ...composites.map(({ definition }) => definition.AlarmName),
      ]);
      expect(names.length).toBeGreaterThan(20);
      for (const format of ["table", "markdown"] as const) {
        const text = printed.get(`${environment} ${format}`) ?? "";
        expect(names.filter((name) => !text.includes(name))).toEqual([]);
        expect(text).toContain(`${environment}  ${plan.platform}  ${plan.servers.length} servers`);
        expect(text).toContain(`catalog ${plan.catalog}`);
        // colours are for terminals
        expect(text).not.toContain("\u001b");
      }
    },
  );

  test.each(ENVIRONMENTS)(
    "of %s as Markdown has tables whose rows have as many cells as their heads",
    (environment) => {
      const lines = (printed.get(`${environment} markdown`) ?? "").split("\n");
      const tables = lines.flatMap((line, index) => (/^\|( --- \|)+$/.test(line) ? [index] : []));
      expect(tables.length).toBeGreaterThan(3);
      const cells = (line: string | undefined): number => (line ?? "").split(/(?<!\\)\|/).length;
      for (const rule of tables) {
        const rows = lines.slice(
          rule - 1,
          lines.findIndex((line, index) => index > rule && !line.startsWith("|")),
        );
        expect(new Set(rows.map(cells))).toEqual(new Set([cells(lines[rule])]));
      }
    },
  );

  test("says in which maintenance alarms tell nobody, with what its limits are counted in", () => {
    const table = printed.get("staging table") ?? "";
    expect(table).toMatch(
      /\nmaintenance, in which alarms tell nobody\n {2}node-upgrade {2}cron\(0 5 \* \* TUE\) Europe\/Dublin {2}for PT1H30M {2}rule expires \S+Z {2}all servers {2}nodes of the cluster are replaced\n/,
    );
    expect(printed.get("production table")).not.toContain("maintenance, in which");
    expect(table).toMatch(/-latency-p95 +high +p95 McpLatency over 15m > 5000 ms, 2 of 3\n/);
    expect(printed.get("local table")).toMatch(/ServerMemory over 3m > 2000000000 bytes, 2 of 3\n/);
    expect(printed.get("staging markdown")).toMatch(
      /\| staging-memory-failing \| critical \| nobody: counted by the fleet's page \|/,
    );
  });

  test("ends quietly when its reader has seen enough", async () => {
    const command = `"${NODE}" ops/rollcall.js plan production --format json | head -c 12`;
    const { stdout, stderr } = await run("sh", ["-c", command]);
    expect({ stdout, stderr }).toEqual({ stdout: '{"version":1', stderr: "" });
  });
});
