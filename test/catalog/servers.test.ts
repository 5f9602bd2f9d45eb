/** What the catalog says of the servers, and what it refuses. Not proved here: that the servers themselves exist. */

import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findLiteralSecrets } from "../../catalog/literal-secrets.ts";
import { inspectEnvironment, loadEnvironment } from "../../catalog/load.ts";
import { single } from "../../catalog/merge.ts";
import { name } from "../../catalog/names.ts";
import { serverFile } from "../../catalog/server.ts";
import { diskSource } from "../../catalog/source.ts";
import { validate } from "../../catalog/validate.ts";
import { parseYaml } from "../../catalog/yaml.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";

const source = diskSource(join(import.meta.dirname, "..", ".."));
const load = (environment: string) => loadEnvironment(source, environment);
const namesIn = (environment: string): string[] => load(environment).servers.map((server) => server.name);

const PLAYBOOK = [
  "desktop-commander",
  "filesystem",
  "postgresql",
  "github",
  "memory",
  "brave-search",
  "slack",
  "puppeteer",
];

describe("the catalog", () => {
  it("[PLAY-01] holds the Playbook's eight servers in staging and production, and runs those without credentials here", () => {
    expect(namesIn("staging")).toEqual(expect.arrayContaining(PLAYBOOK));
    expect(namesIn("production")).toEqual(expect.arrayContaining(PLAYBOOK));
    const local = load("local").servers;
    expect(local.map((server) => server.name)).toEqual([
      "everything",
      "filesystem",
      "memory",
      "sequential-thinking",
    ]);
    for (const { run } of local) {
      expect(run?.package).toMatch(/^@modelcontextprotocol\/server-/);
      expect(Object.values(run?.env ?? {}).every((value) => typeof value === "string")).toBe(true);
    }
    // what is left out here needs a credential, another machine's software, or a network
    const withSecrets = load("production").servers.filter(({ run }) =>
      Object.values(run?.env ?? {}).some((value) => typeof value !== "string"),
    );
    expect(withSecrets.map((server) => server.name)).toEqual(
      expect.arrayContaining(["github", "slack", "brave-search", "postgresql"]),
    );
  });

  it("holds every server of the other handbooks, with their own numbers", () => {
    const production = load("production");
    const byName = new Map(production.servers.map((server) => [server.name, server]));
    expect([...byName.keys()]).toEqual(
      expect.arrayContaining([
        "cctelegram",
        "task-mcp",
        "skillmeat-filesystem",
        "skillmeat-github",
        "skillmeat-database",
      ]),
    );
    const task = byName.get("task-mcp");
    expect(task?.workload).toMatchObject({
      namespace: "task-mcp",
      deployment: "task-mcp-http",
      port: 3000,
      live: "/health/live",
      ready: "/health/ready",
    });
    expect(task?.objectives).toMatchObject([
      { name: "api-availability", objective: 999_000 },
      { name: "health-availability", objective: 999_500 },
      { name: "latency-p95", percentile: 95, below: 200 },
      { name: "latency-p99", percentile: 99, below: 500 },
    ]);
    expect(
      byName
        .get("cctelegram")
        ?.thresholds.map(({ name: which, target, warning, critical }) => [
          which,
          target?.text,
          warning?.text,
          critical?.text,
        ]),
    ).toEqual([
      ["response-time", "500ms", "1s", "2s"],
      ["event-rate", "100/min", "50/min", "10/min"],
      ["bridge-success", "95%", "90%", "80%"],
      ["memory", "100MB", "150MB", "200MB"],
      ["cpu", "50%", "75%", "90%"],
      ["disk-io", "1000 IOPS", "5000 IOPS", "10000 IOPS"],
    ]);
    expect(byName.get("skillmeat-database")?.probe.every).toBe(300_000);
  });

  it("names its JSON Schema in the first line of every file", () => {
    for (const file of source.list("stacks/servers")) {
      expect(source.read(`stacks/servers/${file}`)?.split("\n")[0], file).toBe(
        "# yaml-language-server: $schema=../../catalog/schema/server.schema.json",
      );
    }
    for (const [file, schema] of [
      ["shared", "shared"],
      ["local", "environment"],
      ["staging", "environment"],
      ["production", "environment"],
    ]) {
      expect(source.read(`stacks/${file}.yaml`)?.split("\n")[0], file).toBe(
        `# yaml-language-server: $schema=../catalog/schema/${schema}.schema.json`,
      );
    }
  });
});

describe("a file that would not be read", () => {
  it("is named instead of passed over", () => {
    const files = new Map(catalogFiles()).set("stacks/servers/late.yml", "server: late\n");
    expect(inspectEnvironment(mapSource(files), "production").problems).toMatchObject([
      { place: "stacks/servers/late.yml", rule: expect.stringContaining("ends in .yaml") },
    ]);
  });
});

describe("what the schema alone cannot see", () => {
  const files = new Map(catalogFiles());
  const problems = (file: string, from: string | RegExp, to: string, environment = "production") => {
    const text = files.get(file) ?? "";
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${file} does not hold ${String(from)}`);
    return inspectEnvironment(mapSource(new Map(files).set(file, changed)), environment).problems;
  };
  const MEMORY = "stacks/servers/memory.yaml";
  const place = (file: string) => expect.stringContaining(`${file}:`);

  it("is a key that stands twice: it is named, and hides no other mistake of the file", () => {
    const both = problems(MEMORY, "owner: operations", "owner: operations\nowner: platform\ncolour: red");
    expect(both).toMatchObject([
      {
        place: `${MEMORY}:5:1`,
        path: "owner",
        rule: 'duplicated mapping key "owner"',
        cure: "take one of the two out",
      },
      { place: `${MEMORY}:6:1`, path: "colour", rule: 'unknown key "colour"' },
    ]);
  });

  it.each([
    [
      "a threshold in another unit than its metric",
      MEMORY,
      "warning: 2GB",
      "warning: 2s",
      "thresholds.memory.warning",
    ],
    [
      "a threshold that gets better",
      "stacks/servers/cctelegram.yaml",
      "critical: 2s",
      "critical: 600ms",
      "thresholds.response-time",
    ],
    ["a tool that is required twice", MEMORY, "required: [", "required: [read_graph, ", "tools.required"],
    [
      "a level that comes before the one above it",
      "stacks/shared.yaml",
      "L2: { after: 30m",
      "L2: { after: 5h",
      "escalations.standard.levels.L3.after",
    ],
    [
      "a server that is held twice",
      "stacks/local.yaml",
      "[everything,",
      "[everything, everything,",
      "servers",
    ],
    [
      "a webhook by a reference that this machine cannot read",
      "stacks/local.yaml",
      "{ env: ROLLCALL_WEBHOOK }",
      "{ aws: hook }",
      "webhook",
    ],
    ["a window of no length", MEMORY, "window: 30d", "window: 0d", "objectives.availability.window"],
  ])("is %s", (_what, file, from, to, path) => {
    const found = problems(file, from, to, file.includes("local") ? "local" : "production");
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({ place: place(file) });
    expect(
      found.some((one) => one.path.startsWith(path)),
      JSON.stringify(found),
    ).toBe(true);
  });

  it("is a default that no server can live with: it is placed where the default stands, once", () => {
    const found = problems("stacks/shared.yaml", "timeout: 10s", "timeout: 90s");
    expect(found).toMatchObject([{ place: place("stacks/shared.yaml"), path: "probe.timeout" }]);
  });
});

describe("names", () => {
  it("[SKILL-11] match [a-zA-Z0-9_-]; anything else is refused with the place and the rule", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 48 }), (text) => {
        expect(name.safeParse(text).success).toBe(/^[a-zA-Z0-9_-]+$/.test(text));
      }),
    );
    for (const bad of ["task mcp", "täsk", "a/b", "a.b", "$(rm)", ""]) {
      const file = parseYaml(
        "stacks/servers/x.yaml",
        `# first\nserver: ${JSON.stringify(bad)}\ndescription: x\nowner: platform\nmcp: { transport: stdio }\n`,
      );
      const result = validate(serverFile, single(file));
      expect(result).toMatchObject({
        ok: false,
        problems: [
          {
            place: "stacks/servers/x.yaml:2:1",
            path: "server",
            rule: expect.stringContaining("must match [a-zA-Z0-9_-]"),
          },
        ],
      });
    }
  });
});

describe("secrets", () => {
  const file = (env: string): ReturnType<typeof parseYaml> =>
    parseYaml("stacks/servers/x.yaml", `server: x\nrun:\n  command: y\n  args: []\n  env:\n    ${env}\n`);

  it.each([
    ["a variable whose name says secret", "GITHUB_TOKEN: anything"],
    ["a password", "DB_PASSWORD: hunter2"],
    ["an API key", "BRAVE_API_KEY: abcdef"],
    ["a provider's token under a harmless name", `HARMLESS: ghp_${"a".repeat(36)}`],
    ["a Slack token", `HARMLESS: xoxb-${"1".repeat(12)}`],
    ["an AWS key", `HARMLESS: AKIA${"A".repeat(16)}`],
    ["credentials in an address", "DATABASE_URL: postgres://user:hunter2@db:5432/x"],
    ["a private key", 'HARMLESS: "-----BEGIN RSA PRIVATE KEY-----"'],
  ])("[SKILL-12] are refused when written out: %s", (_what, line) => {
    const [problem, ...more] = findLiteralSecrets(file(line));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      place: "stacks/servers/x.yaml:6:5",
      path: `run.env.${line.split(":")[0]}`,
      rule: "holds a literal secret",
    });
    const value = line.slice(line.indexOf(":") + 1).trim();
    expect(JSON.stringify(problem)).not.toContain(value);
  });

  it.each([
    ["the environment", "GITHUB_TOKEN: { env: GITHUB_TOKEN }"],
    ["a file", "GITHUB_TOKEN: { file: /run/secrets/token }"],
    ["AWS", "GITHUB_TOKEN: { aws: prod/github }"],
    ["Kubernetes", "GITHUB_TOKEN: { kubernetes: github/token }"],
    ["nothing secret at all", "MEMORY_FILE_PATH: /tmp/memory.jsonl"],
    ["a number of tokens, which is no token", 'MAX_TOKENS: "4096"'],
  ])("[SKILL-12] are taken by reference: %s", (_what, line) => {
    expect(findLiteralSecrets(file(line))).toEqual([]);
    const text = `server: x\ndescription: x\nowner: platform\nmcp: { transport: stdio }\nrun: { command: y, env: { ${line} } }\n`;
    expect(validate(serverFile, single(parseYaml("x.yaml", text))).ok).toBe(true);
  });
});
