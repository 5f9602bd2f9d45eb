import { execFileSync } from "node:child_process";
import { asArray, asRecord } from "./json.ts";
import { type Manifest, nameOf } from "./manifests.ts";
import { tool } from "./toolchain.ts";

/** Checks that kube-score leaves off and that hold here. */
const OPTIONAL = ["container-seccomp-profile"];
/** Its own grade for a check that has nothing to say. */
const FINE = 10;

/** What kube-score finds wrong with one object. */
export interface Finding {
  readonly check: string;
  /** `Kind namespace/name`. */
  readonly object: string;
  readonly says: string;
}

/** Everything that kube-score grades below its best, warnings included. Annotations that silence it are not heard. */
export async function kubeScore(manifests: readonly Manifest[]): Promise<readonly Finding[]> {
  const args = [
    "score",
    "--output-format=json",
    "--disable-ignore-checks-annotations",
    "--kubernetes-version=v1.36",
    ...OPTIONAL.map((check) => `--enable-optional-test=${check}`),
    "-",
  ];
  const graded = asArray(JSON.parse(run(await tool("kube-score"), args, documents(manifests)))).map(asRecord);
  return graded.flatMap(({ type_meta, object_meta, checks }) => {
    const { name, namespace } = asRecord(object_meta);
    const metadata = {
      name: String(name),
      ...(namespace === undefined ? {} : { namespace: String(namespace) }),
    };
    const object = nameOf({ kind: String(asRecord(type_meta).kind), metadata });
    return asArray(checks)
      .map(asRecord)
      .filter(({ grade, skipped }) => skipped !== true && Number(grade) < FINE)
      .flatMap(({ check, comments }) =>
        asArray(comments).map((comment) => ({
          check: String(asRecord(check).id),
          object,
          says: String(asRecord(comment).summary),
        })),
      );
  });
}

/** The objects as documents of one YAML file; JSON is YAML. */
export function documents(manifests: readonly Manifest[]): string {
  return manifests.map(({ object }) => JSON.stringify(object)).join("\n---\n");
}

/** What a program prints, whatever it thinks of its input: both of these say so by their exit code as well. */
function run(program: string, args: readonly string[], input: string): string {
  try {
    return execFileSync(program, args, { input, encoding: "utf8", maxBuffer: 64 * 2 ** 20, stdio: "pipe" });
  } catch (error) {
    if (
      error instanceof Error &&
      "stdout" in error &&
      typeof error.stdout === "string" &&
      error.stdout !== ""
    )
      return error.stdout;
    throw error;
  }
}

/** What kubeconform says is no object of its kind, by the schemas below `folder`. */
export async function kubeconform(
  manifests: readonly Manifest[],
  schemas: string,
): Promise<{ readonly valid: number; readonly problems: readonly string[] }> {
  const args = ["-strict", "-summary", "-verbose", "-output=json", `-schema-location=${schemas}`, "-"];
  const { resources, summary } = asRecord(
    JSON.parse(run(await tool("kubeconform"), args, documents(manifests))),
  );
  const problems = asArray(resources)
    .map(asRecord)
    .filter(({ status }) => status !== "statusValid")
    .map(
      ({ kind, name, status, msg }) => `${String(kind)} ${String(name)}: ${String(status)} ${String(msg)}`,
    );
  return { valid: Number(asRecord(summary).valid), problems };
}
