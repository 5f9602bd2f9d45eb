import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { messageOf, unavailableError } from "../../catalog/errors.ts";
import { withLock } from "./lock.ts";

interface ToolRecipe {
  /** The Go package with the tool's `main`. */
  readonly package: string;
  /** The Go module whose version in go.mod is the tool's own. */
  readonly module: string;
  /** What a first build takes on two cores, for the progress line. */
  readonly takes: string;
  /** The Go variable that the linker sets to the module's version, where the tool asks for one. */
  readonly versionVariable?: string;
  /** A peer that only a benchmark compares with: no test needs it. */
  readonly benchOnly?: true;
}

const RECIPES = {
  pulumi: {
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    module: "github.com/pulumi/pulumi/pkg/v3",
    takes: "about 4 minutes",
    versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
  },
  "kube-apiserver": {
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    module: "k8s.io/kubernetes",
    takes: "about 4 minutes",
  },
  etcd: {
    package: "go.etcd.io/etcd/server/v3",
    module: "go.etcd.io/etcd/server/v3",
    takes: "about 1 minute",
  },
  promtool: {
    package: "github.com/prometheus/prometheus/cmd/promtool",
    module: "github.com/prometheus/prometheus",
    takes: "about 3 minutes",
  },
  amtool: {
    package: "github.com/prometheus/alertmanager/cmd/amtool",
    module: "github.com/prometheus/alertmanager",
    takes: "about 1 minute",
  },
  actionlint: {
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    module: "github.com/rhysd/actionlint",
    takes: "about 10 seconds",
  },
  "kube-score": {
    package: "github.com/zegl/kube-score/cmd/kube-score",
    module: "github.com/zegl/kube-score",
    takes: "about 1 minute",
  },
  kubeconform: {
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    module: "github.com/yannh/kubeconform",
    takes: "about 20 seconds",
  },
  jaeger: {
    package: "github.com/jaegertracing/jaeger/cmd/all-in-one",
    module: "github.com/jaegertracing/jaeger",
    takes: "about 4 minutes",
  },
  blackbox_exporter: {
    package: "github.com/prometheus/blackbox_exporter",
    module: "github.com/prometheus/blackbox_exporter",
    takes: "about 1 minute",
    benchOnly: true,
  },
  sloth: {
    package: "github.com/slok/sloth/cmd/sloth",
    module: "github.com/slok/sloth",
    takes: "about 1 minute",
    benchOnly: true,
  },
} as const satisfies Record<string, ToolRecipe>;

/** A program that the tests run for real; each has its pinned module in `test/toolchain/<name>`. */
export type ToolName = keyof typeof RECIPES;

/** Every tool that a test needs, in that order. */
export const TOOL_NAMES = (Object.keys(RECIPES) as readonly ToolName[]).filter(
  (name) => !("benchOnly" in RECIPES[name]),
);

/** Whether a tool can be had here; the reason is one line for a person. */
export type Availability = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const building = new Map<ToolName, Promise<string>>();

/**
 * The path of the tool's binary (`…/bin/<name>`), built from its pinned Go module unless the cache has it.
 * Safe when several processes ask at once. Throws RollcallError when Go is missing or the build fails.
 */
export function tool(name: ToolName): Promise<string> {
  const running = building.get(name) ?? build(name);
  building.set(name, running);
  return running;
}

/** Says at once, without building, whether `tool(name)` can succeed. */
export function availability(name: ToolName): Availability {
  if (cachedBinary(name) !== undefined || findGo() !== undefined) return { ok: true };
  return { ok: false, reason: `${name} is not built yet and needs Go 1.26 or newer on PATH` };
}

async function build(name: ToolName): Promise<string> {
  const ready = cachedBinary(name);
  if (ready !== undefined) return ready;
  const version = goVersion();
  if (version === undefined) {
    throw unavailableError({
      place: name,
      rule: "the tool is built from its Go module and Go is not on PATH",
      cure: "install Go 1.26 or newer",
    });
  }
  const target = join(cacheFolder(), `${cachePrefix(name)}${version}`);
  await mkdir(cacheFolder(), { recursive: true });
  await withLock(`${target}.lock`, async () => {
    if (existsSync(binaryIn(target, name))) return;
    await buildInto(target, name);
  });
  return binaryIn(target, name);
}

async function buildInto(target: string, name: ToolName): Promise<void> {
  const draft = `${target}.${process.pid}.tmp`;
  process.stderr.write(`building ${name} once, ${RECIPES[name].takes} …\n`);
  try {
    await goBuild(name, binaryIn(draft, name));
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw unavailableError(
      {
        place: moduleFolder(name),
        rule: `go build of ${name} failed: ${messageOf(error)}`,
        cure: "run npm run toolchain again",
      },
      error,
    );
  }
}

function goBuild(name: ToolName, output: string): Promise<void> {
  const args = [
    "build",
    "-mod=readonly",
    "-trimpath",
    ...linkerFlags(name),
    "-o",
    output,
    RECIPES[name].package,
  ];
  // A go.work of the person's own must not decide which versions are built.
  const env = { ...process.env, GOWORK: "off" };
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, { cwd: moduleFolder(name), env, stdio: ["ignore", "ignore", "pipe"] });
    let tail = "";
    child.stderr.on("data", (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-4000);
    });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(tail.trim()))));
  });
}

function linkerFlags(name: ToolName): readonly string[] {
  const recipe: ToolRecipe = RECIPES[name];
  if (recipe.versionVariable === undefined) return [];
  const required = readFileSync(join(moduleFolder(name), "go.mod"), "utf8")
    .split("\n")
    .find((line) => line.startsWith(`require ${recipe.module} `));
  return [`-ldflags=-X ${recipe.versionVariable}=${required?.split(" ")[2] ?? "v0.0.0"}`];
}

/** Without Go the exact Go version is unknown, so any build of the same pins and platform serves. */
function cachedBinary(name: ToolName): string | undefined {
  const prefix = cachePrefix(name);
  const version = goVersion();
  const isWanted = (entry: string) =>
    version === undefined ? /^go[\d.]+$/.test(entry.slice(prefix.length)) : entry === `${prefix}${version}`;
  if (!existsSync(cacheFolder())) return undefined;
  return readdirSync(cacheFolder())
    .filter((entry) => entry.startsWith(prefix) && isWanted(entry))
    .map((entry) => binaryIn(join(cacheFolder(), entry), name))
    .find((binary) => existsSync(binary));
}

function cachePrefix(name: ToolName): string {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\n${RECIPES[name].package}\n`);
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(moduleFolder(name), file)));
  return `${name}-${hash.digest("hex").slice(0, 16)}-`;
}

function binaryIn(folder: string, name: ToolName): string {
  return join(folder, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

function moduleFolder(name: ToolName): string {
  return join(import.meta.dirname, "..", "toolchain", name);
}

/** Where everything lies that is built or installed once for a person: ROLLCALL_CACHE, or the platform's cache. */
export function cacheFolder(): string {
  const { ROLLCALL_CACHE, XDG_CACHE_HOME } = process.env;
  if (ROLLCALL_CACHE) return ROLLCALL_CACHE;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "rollcall");
  return join(homedir(), ...(process.platform === "darwin" ? ["Library", "Caches"] : [".cache"]), "rollcall");
}

let version: { readonly found: string | undefined } | undefined;

/** `go1.26.8` as the go command names itself inside the pinned modules, or undefined without Go. */
function goVersion(): string | undefined {
  version ??= { found: askGoVersion() };
  return version.found;
}

function askGoVersion(): string | undefined {
  if (findGo() === undefined) return undefined;
  const answer = spawnSync("go", ["env", "GOVERSION"], {
    cwd: moduleFolder("kube-apiserver"),
    encoding: "utf8",
  });
  return answer.status === 0 ? (answer.stdout.trim().split(" ")[0] ?? undefined) : undefined;
}

function findGo(): string | undefined {
  const file = process.platform === "win32" ? "go.exe" : "go";
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, file))
    .find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
