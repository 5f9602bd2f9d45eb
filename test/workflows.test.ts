/** What the pipeline watches and passes on. Not proved here: that the workflows run; actionlint reads them in test/real. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { load } from "js-yaml";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { FUNCTIONS, PROGRAMS } from "../cloud/bundle.ts";
import { asRecord } from "./support/json.ts";

const ROOT = join(import.meta.dirname, "..");
/** The program, and every entry of what it bundles. */
const ENTRIES = [
  "stacks/index.ts",
  "policies/index.ts",
  ...["lambda", "cronjob", "exporter"].map((name) => `probes/runners/${name}.ts`),
  ...[...Object.values(FUNCTIONS), ...Object.values(PROGRAMS)].map((name) => `cloud/${name}`),
];

function workflow(name: string): Record<string, unknown> {
  return asRecord(load(readFileSync(join(ROOT, ".github", "workflows", name), "utf8")));
}

/** The files that a program reaches by its imports, itself included. */
function reached(entries: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"), true, true);
    for (const { fileName } of importedFiles)
      if (fileName.startsWith(".") && fileName.endsWith(".ts"))
        visit(relative(ROOT, join(ROOT, dirname(file), fileName)));
  };
  for (const entry of entries) visit(entry);
  return found;
}

describe("the deployment", () => {
  const push = asRecord(asRecord(workflow("deploy.yaml").on).push);
  const paths = push.paths as readonly string[];

  it("follows a merge that changes anything of the program, of its bundles or of its policies", () => {
    const rooms = new Set([...reached(ENTRIES)].map((file) => file.split("/")[0] ?? ""));
    expect([...rooms]).toEqual(expect.arrayContaining(["stacks", "cloud", "plugin", "policies", "probes"]));
    expect([...rooms].filter((room) => !paths.includes(`${room}/**`))).toEqual([]);
  });

  it("follows what the program is started and installed by, and names nothing that is not there", () => {
    expect(paths).toEqual(expect.arrayContaining(["Pulumi.yaml", "package.json", "package-lock.json"]));
    for (const path of paths) expect(existsSync(join(ROOT, path.replace("/**", ""))), path).toBe(true);
  });

  it("is judged by the mandatory policies", () => {
    const { up } = asRecord(workflow("up.yaml").jobs);
    const steps = asRecord(up).steps as readonly unknown[];
    const pulumi = steps
      .map(asRecord)
      .find(({ uses }) => typeof uses === "string" && uses.startsWith("pulumi/actions@"));
    expect(asRecord(pulumi?.with)).toMatchObject({ command: "up", policyPacks: "policies" });
    expect(existsSync(join(ROOT, "policies", "PulumiPolicy.yaml"))).toBe(true);
  });
});
