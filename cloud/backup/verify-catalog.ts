import { type Problem, RollcallError } from "../../catalog/errors.ts";
import { isMap } from "../../catalog/json.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { memorySource } from "../../catalog/snapshot.ts";
import type { Environment } from "../../catalog/types.ts";
import { buildPlan } from "../../plan/plan.ts";
import { printable } from "../../probes/classify.ts";
import { CATALOG_FOLDER, DESKTOP_FILE, PLAN_FILE } from "./catalog-pieces.ts";
import type { Manifest } from "./manifest.ts";
import { jsonOf, problem } from "./verify.ts";

const AGAIN =
  "start the backup again; if Rollcall was deployed since, that is all, else restore an older backup";

/** The objects of a run that was restored, by their keys below the run's folder. */
export interface Restored {
  readonly manifest: Manifest;
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** The address of one of them for messages. */
  readonly place: (path: string) => string;
}

/**
 * Whether the restored catalog is one: it loads, it plans, it is the one that the manifest names, and the plan and the
 * desktop file beside it are its own.
 */
export function checkCatalog({ manifest, objects, place }: Restored): Problem[] {
  const texts = new Map(
    [...objects]
      .filter(([path]) => path.startsWith(CATALOG_FOLDER))
      .map(([path, bytes]) => [path.slice(CATALOG_FOLDER.length), Buffer.from(bytes).toString("utf8")]),
  );
  const loaded = load(texts, manifest.environment);
  if (Array.isArray(loaded))
    return loaded.map((one) => ({ ...one, place: place(`${CATALOG_FOLDER}${one.place}`) }));
  const { digest, servers } = loaded;
  const wrong =
    digest === manifest.catalog
      ? []
      : [
          problem(
            place(CATALOG_FOLDER),
            `is catalog ${digest}, not ${manifest.catalog} as the manifest says`,
            AGAIN,
          ),
        ];
  return [
    ...wrong,
    ...planProblems(objects.get(PLAN_FILE), { manifest, place: place(PLAN_FILE) }),
    ...desktopProblems(objects.get(DESKTOP_FILE), { servers, place: place(DESKTOP_FILE) }),
  ];
}

function load(texts: ReadonlyMap<string, string>, name: string): Environment | Problem[] {
  try {
    const environment = loadEnvironment(memorySource(texts), name);
    buildPlan(environment);
    return environment;
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    return [...error.problems];
  }
}

function planProblems(
  bytes: Uint8Array | undefined,
  { manifest, place }: { readonly manifest: Manifest; readonly place: string },
): Problem[] {
  const plan = bytes === undefined ? undefined : jsonOf(bytes);
  if (!isMap(plan)) return [problem(place, "is no plan", AGAIN)];
  if (plan.environment === manifest.environment && plan.catalog === manifest.catalog) return [];
  const rule = `is the plan of ${printable(String(plan.environment))} from catalog ${printable(String(plan.catalog))}`;
  return [problem(place, `${rule}, not of ${manifest.environment} from ${manifest.catalog}`, AGAIN)];
}

function desktopProblems(
  bytes: Uint8Array | undefined,
  { servers, place }: { readonly servers: Environment["servers"]; readonly place: string },
): Problem[] {
  const file = bytes === undefined ? undefined : jsonOf(bytes);
  const entries = isMap(file) ? file.mcpServers : undefined;
  if (!isMap(entries)) return [problem(place, "has no mcpServers", AGAIN)];
  const missing = servers.filter(({ name }) => !Object.hasOwn(entries, name)).map(({ name }) => name);
  return missing.length === 0 ? [] : [problem(place, `lacks ${missing.join(", ")}`, AGAIN)];
}
