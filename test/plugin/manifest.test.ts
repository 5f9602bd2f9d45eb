import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { FUNCTIONS } from "../../cloud/bundle.ts";
import { PACKAGE } from "../../plugin/names.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PLUGIN = join(ROOT, "plugin");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly exports: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const own = manifest(PLUGIN);
const root = manifest(ROOT);

describe("the manifest of the package", () => {
  it("says that Node runs it, by the name that its types carry, in the version of the project", () => {
    expect(load(readFileSync(join(PLUGIN, "PulumiPlugin.yaml"), "utf8"))).toEqual({ runtime: "nodejs" });
    expect(own).toMatchObject({ name: PACKAGE, version: root.version });
    for (const file of [own.main, own.exports]) expect(existsSync(join(PLUGIN, file)), file).toBe(true);
  });

  it("names exactly the packages that its sources reach, bundles included", () => {
    // the analyzer of the SDK reads the sources with it, and an older Node hands over to this one
    const asked = ["node", "typescript"];
    expect(new Set(Object.keys(own.dependencies))).toEqual(new Set([...asked, ...packagesOf(entries())]));
  });

  it("has each in the version of the project", () => {
    const known = { ...root.devDependencies, ...root.dependencies };
    const wanted = Object.keys(own.dependencies).map((name) => [name, known[name]]);
    expect(own.dependencies).toEqual(Object.fromEntries(wanted));
  });

  it("lies in a folder that Node does not take for a file beside it", () => {
    // the SDK requires the folder by its path: beside package.json, one called `package` would be that file
    for (const extension of [".js", ".json", ".node"]) expect(existsSync(PLUGIN + extension)).toBe(false);
  });
});

/** The module, what the engine starts, and what esbuild bundles at run time. */
function entries(): string[] {
  const bundled = ["lambda.ts", "cronjob.ts", "exporter.ts"].map((file) => join("probes/runners", file));
  const functions = Object.values(FUNCTIONS).map((file) => join("cloud", file));
  return ["plugin/index.ts", "plugin/host.ts", ...bundled, ...functions].map((file) => join(ROOT, file));
}

function packagesOf(files: readonly string[]): string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const open = [...files];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { fileName: specifier } of ts.preProcessFile(readFileSync(file, "utf8"), true, true)
      .importedFiles) {
      if (specifier.startsWith(".")) {
        const target = join(dirname(file), specifier);
        if (target.endsWith(".ts")) open.push(target);
      } else if (!specifier.startsWith("node:") && !builtinModules.includes(specifier)) {
        packages.add(
          specifier
            .split("/")
            .slice(0, specifier.startsWith("@") ? 2 : 1)
            .join("/"),
        );
      }
    }
  }
  return [...packages];
}
