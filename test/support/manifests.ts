import { Monitoring } from "../../components/monitoring.ts";
import type { Plan } from "../../plan/types.ts";
import { asRecord, isRecord, type JsonRecord } from "./json.ts";
import { record } from "./pulumi-mocks.ts";
import { FUNCTION_BUNDLES } from "./sample-plan.ts";

/** One object of Kubernetes as it is sent to the API server. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: JsonRecord;
  /** The whole of it. */
  readonly object: JsonRecord;
}

/** Every object of Kubernetes that an environment's program asks for, in that order. */
export async function manifestsOf(plan: Plan): Promise<readonly Manifest[]> {
  const resources = await record(
    () =>
      new Monitoring("rollcall", {
        plan,
        probeBundle: "/bundle/lambda",
        functionBundles: FUNCTION_BUNDLES,
        catalog: {},
      }),
  );
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => manifest(asRecord(opened(inputs))));
}

/** `Kind namespace/name`, as a person would name it. */
export function nameOf({ kind, metadata }: Pick<Manifest, "kind" | "metadata">): string {
  const { name, namespace } = metadata;
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** The pod template of a Deployment or a CronJob; undefined of everything else. */
export function templateOf({ kind, spec }: Manifest): JsonRecord | undefined {
  if (kind === "Deployment" || kind === "StatefulSet" || kind === "DaemonSet") return asRecord(spec.template);
  if (kind === "CronJob") return asRecord(asRecord(asRecord(spec.jobTemplate).spec).template);
  return kind === "Job" ? asRecord(spec.template) : undefined;
}

export function manifest(object: JsonRecord): Manifest {
  const { apiVersion, kind, metadata, spec } = object;
  const { name, namespace, labels } = asRecord(metadata);
  return {
    apiVersion: String(apiVersion),
    kind: String(kind),
    metadata: {
      name: String(name),
      ...(typeof namespace === "string" ? { namespace } : {}),
      ...(isRecord(labels) ? { labels: labels as Record<string, string> } : {}),
    },
    spec: asRecord(spec),
    object,
  };
}

/** A secret reaches the engine in an envelope; the API server is sent what is in it. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isRecord(value)) return value;
  if ("4dabf18193072939515e22adb298388d" in value) return opened(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, opened(one)]));
}
