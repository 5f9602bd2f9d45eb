/** The house rules that no other tool holds: who may import whom, and what may stand in a file. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, matchesGlob } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const MAX_LINES = 400;

/** What each room may import: other rooms, and packages. `node:` modules are open to all. */
const ROOMS: Readonly<
  Record<string, { readonly rooms: readonly string[]; readonly packages: readonly string[] }>
> = {
  catalog: { rooms: [], packages: ["zod", "js-yaml"] },
  plan: { rooms: ["catalog"], packages: ["@grafana/grafana-foundation-sdk"] },
  probes: {
    rooms: ["catalog"],
    packages: [
      "ipaddr.js",
      "esbuild",
      "jose",
      "cockatiel",
      "pg",
      "@aws-crypto/sha256-js",
      "@aws-sdk/client-cloudwatch",
      "@aws-sdk/client-dynamodb",
      "@aws-sdk/client-secrets-manager",
      "@aws-sdk/client-ssm",
      "@aws-sdk/credential-provider-node",
      "@opentelemetry/api",
      "@opentelemetry/exporter-trace-otlp-http",
      "@opentelemetry/resources",
      "@opentelemetry/sdk-trace-base",
      "@smithy/signature-v4",
    ],
  },
  // what runs in AWS or in the cluster besides the probe: escalation, backup, status
  cloud: {
    rooms: ["monitor", "probes", "plan", "catalog"],
    packages: [
      "@aws-sdk/client-cloudwatch",
      "@aws-sdk/client-dynamodb",
      "@aws-sdk/client-kms",
      "@aws-sdk/client-s3",
      "@aws-sdk/client-secrets-manager",
      "@aws-sdk/client-sfn",
      "@aws-sdk/client-sns",
      "@aws-sdk/client-ssm",
      "@hono/node-server",
      "hono",
      "zod",
    ],
  },
  components: {
    rooms: ["plan", "catalog"],
    packages: ["@pulumi/pulumi", "@pulumi/aws", "@pulumi/kubernetes"],
  },
  monitor: { rooms: ["plan", "probes", "catalog"], packages: ["hono", "@hono/node-server"] },
  ops: {
    rooms: ["monitor", "cloud", "plan", "probes", "catalog"],
    packages: ["commander", "zod", "@aws-sdk/client-cloudwatch", "@aws-sdk/client-sns"],
  },
  // asked by the engine, of what the components made: it judges by the same plan
  policies: { rooms: ["plan", "catalog"], packages: ["@pulumi/policy"] },
  // the components with flat arguments, for Pulumi programs in other languages
  plugin: {
    rooms: ["components", "cloud", "probes", "plan", "catalog"],
    packages: ["@pulumi/pulumi", "@pulumi/aws", "zod"],
  },
  stacks: {
    rooms: ["plugin", "components", "cloud", "probes", "plan", "catalog"],
    packages: ["@pulumi/pulumi"],
  },
  // a benchmark measures peers too, and builds them as the tests build theirs
  bench: {
    rooms: ["stacks", "monitor", "plan", "probes", "catalog", "test"],
    packages: ["@modelcontextprotocol/client"],
  },
};

/** Packages that only one file of a room may know. */
const BEHIND_ONE_FILE: Readonly<Record<string, string>> = {
  "@grafana/grafana-foundation-sdk": "plan/grafana/model.ts",
  "@modelcontextprotocol/client": "bench/probe/load.ts",
  "@opentelemetry/api": "probes/trace/otlp.ts",
  "@opentelemetry/sdk-trace-base": "probes/trace/otlp.ts",
  cockatiel: "probes/breaker/circuit.ts",
  pg: "probes/dependency/postgresql.ts",
  jose: "probes/auth/",
  esbuild: "probes/runners/bundle.ts",
  "js-yaml": "catalog/yaml.ts",
  commander: "ops/",
};

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\0")
  .filter((file) => file !== "");
const sources = files.filter((file) => file.endsWith(".ts"));
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const roomOf = (file: string): string => file.split("/")[0] ?? "";
const inRooms = sources.filter((file) => roomOf(file) in ROOMS);

function importsOf(file: string): Import[] {
  return ts
    .preProcessFile(read(file), true, true)
    .importedFiles.map(({ fileName }) => ({ from: file, specifier: fileName }));
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The room that a relative import leads to. */
function targetRoom({ from, specifier }: Import): string {
  return roomOf(join(from, "..", specifier));
}

const isRelative = ({ specifier }: Import): boolean => specifier.startsWith(".");
const isBuiltin = ({ specifier }: Import): boolean =>
  specifier.startsWith("node:") || builtinModules.includes(specifier);

describe("the house", () => {
  const imports = inRooms.flatMap(importsOf);

  it("is read whole: every room has files and imports", () => {
    for (const room of Object.keys(ROOMS))
      expect(
        inRooms.some((file) => roomOf(file) === room),
        room,
      ).toBe(true);
    expect(imports.length).toBeGreaterThan(200);
  });

  it("lets arrows point one way only", () => {
    const against = imports.filter((one) => {
      const target = targetRoom(one);
      return (
        isRelative(one) &&
        target !== roomOf(one.from) &&
        !(ROOMS[roomOf(one.from)]?.rooms.includes(target) ?? false)
      );
    });
    expect(against).toEqual([]);
  });

  it("lets each room use its own packages only", () => {
    const foreign = imports.filter(
      (one) =>
        !isRelative(one) &&
        !isBuiltin(one) &&
        !(ROOMS[roomOf(one.from)]?.packages.includes(packageOf(one.specifier)) ?? false),
    );
    expect(foreign).toEqual([]);
  });

  it("keeps a package that should be replaceable behind one file", () => {
    const spread = imports.filter((one) => {
      const home = BEHIND_ONE_FILE[packageOf(one.specifier)];
      return home !== undefined && !one.from.startsWith(home);
    });
    expect(spread).toEqual([]);
  });

  it("lets components see plain types of the catalog and nothing that reads it", () => {
    const readers = imports.filter(
      (one) => roomOf(one.from) === "components" && isRelative(one) && targetRoom(one) === "catalog",
    );
    expect(
      readers.filter(({ specifier }) => !/\/(types|units|errors|target|shared)\.ts$/.test(specifier)),
    ).toEqual([]);
  });

  it("lets the cloud see the routes of the local status, which are one fact, and nothing that runs it", () => {
    const seen = imports.filter(
      (one) => roomOf(one.from) === "cloud" && isRelative(one) && targetRoom(one) === "monitor",
    );
    expect(seen.filter(({ specifier }) => !/\/monitor\/status-(routes|view)\.ts$/.test(specifier))).toEqual(
      [],
    );
  });

  it("has a composition root of under 60 lines", () => {
    expect(read("stacks/index.ts").split("\n").length).toBeLessThan(60);
  });

  it(`has no source file of over ${MAX_LINES} lines`, () => {
    expect(sources.filter((file) => read(file).split("\n").length > MAX_LINES)).toEqual([]);
  });

  it("keeps its files small: half of them have at most 140 lines", () => {
    const lengths = inRooms.map((file) => read(file).split("\n").length).sort((a, b) => a - b);
    const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
    expect(median, `the median file has ${median} lines`).toBeLessThanOrEqual(140);
  });
});

describe("every file", () => {
  it("is type-checked when it is TypeScript", () => {
    const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile) as { config: unknown };
    const checked = new Set(
      ts.parseJsonConfigFileContent(config, ts.sys, ROOT).fileNames.map((file) => file.replaceAll("\\", "/")),
    );
    expect(sources.filter((file) => !checked.has(join(ROOT, file).replaceAll("\\", "/")))).toEqual([]);
  });

  it("is linted when it is TypeScript: biome leaves none out", () => {
    const { files: covered, linter } = JSON.parse(read("biome.json")) as {
      files: { includes: readonly string[] };
      linter: { enabled: boolean };
    };
    const [all, ...others] = covered.includes;
    expect([all, linter.enabled]).toEqual(["**", true]);
    expect(others.filter((pattern) => !pattern.startsWith("!"))).toEqual([]);
    const left = others.flatMap((pattern) => [pattern.slice(1), `${pattern.slice(1)}/**`]);
    expect(sources.filter((file) => left.some((pattern) => matchesGlob(file, pattern)))).toEqual([]);
  });

  it("suppresses no rule and types nothing as any", () => {
    // put together here, so that this file does not find itself
    const words = ["@ts-ignore", "@ts-expect-error", "@ts-nocheck", "biome-ignore", "eslint-disable"].map(
      (word) => word.replace(/^/, ""),
    );
    const own = "test/architecture.test.ts";
    const code = files.filter((file) => /\.(ts|js|css|html)$/.test(file) && file !== own);
    expect(code.filter((file) => words.some((word) => read(file).includes(word)))).toEqual([]);
    expect(sources.filter((file) => file !== own && /:\s*any\b|<any>|\bas any\b/.test(read(file)))).toEqual(
      [],
    );
  });

  it("names no package registry and no path of a machine", () => {
    const registries = [
      "registry.npmjs",
      "npmjs.org",
      "pypi.org",
      "pythonhosted",
      "proxy.golang",
      "crates.io",
      "deb.debian",
    ];
    const text = files.filter((file) => !/\.(png|ico)$/.test(file) && file !== "test/architecture.test.ts");
    expect(text.filter((file) => registries.some((host) => read(file).includes(host)))).toEqual([]);
    expect(text.filter((file) => /["'`\s(=]\/(work|root)\//.test(read(file)))).toEqual([]);
  });

  it("pins its dependencies exactly", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
      string,
      Record<string, string>
    >;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it("lets only node and esbuild run install scripts", () => {
    const { allowScripts } = JSON.parse(read("package.json")) as { allowScripts: Record<string, boolean> };
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
    expect(new Set(allowed)).toEqual(new Set(["esbuild", "node"]));
  });
});
