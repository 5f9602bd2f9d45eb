import { isMap } from "../catalog/json.ts";

type JsonMap = Readonly<Record<string, unknown>>;

/** What is done with what Pulumi was making when it ended. */
export interface Recovered {
  /** The export with everything taken over among its resources, as `pulumi stack import` takes it. */
  readonly state: JsonMap;
  /** URNs of what was taken over: `pulumi refresh` asks whether each is there. */
  readonly taken: readonly string[];
  /** Of what a next `pulumi up` makes, as AWS takes it twice or under the same name. */
  readonly repeated: readonly string[];
  /** What may have been left behind: nobody can ask for what AWS made the id of up, or a later `up` made it again. */
  readonly lost: readonly {
    readonly urn: string /** Null where AWS made it up. */;
    readonly id: string | null;
  }[];
}

/**
 * Ids by type, as the AWS provider writes them, of what must not be made twice: AWS refuses the second of the name, or
 * takes it beside a first that nobody knows of, as Pulumi gives a role another name each time.
 */
const IDS: ReadonlyMap<string, (inputs: JsonMap) => readonly unknown[]> = new Map([
  ["aws:cloudwatch/logGroup:LogGroup", ({ name }: JsonMap) => [name]],
  ["aws:dynamodb/table:Table", ({ name }: JsonMap) => [name]],
  ["aws:iam/role:Role", ({ name }: JsonMap) => [name]],
  ["aws:iam/rolePolicy:RolePolicy", ({ role, name }: JsonMap) => [role, ":", name]],
  ["aws:kms/alias:Alias", ({ name }: JsonMap) => [name]],
  ["aws:lambda/function:Function", ({ name }: JsonMap) => [name]],
  ["aws:lambda/functionUrl:FunctionUrl", ({ functionName }: JsonMap) => [functionName]],
  ["aws:s3/bucket:Bucket", ({ bucket }: JsonMap) => [bucket]],
  ["aws:scheduler/schedule:Schedule", ({ groupName, name }: JsonMap) => [groupName, "/", name]],
  ["aws:scheduler/scheduleGroup:ScheduleGroup", ({ name }: JsonMap) => [name]],
]);
/** Every object of a cluster is refused where one of its name stands, unless the provider is told to take it over. */
const CLUSTER_TYPES = "kubernetes:";
/** Their ids are made up by AWS, and a second one stands beside the first. */
const NAMELESS = ["aws:kms/key:Key"];

/**
 * Moves what an interrupted `pulumi up` had begun to make to the resources of an exported stack, wherever its id
 * follows from its inputs. Whether it is there is not judged: a refresh drops what is not. Undefined for a document
 * that is no export of a stack.
 */
export function recoverPending(exported: unknown): Recovered | undefined {
  if (!isMap(exported) || !isMap(exported.deployment)) return undefined;
  const { deployment } = exported;
  const resources = listOf(deployment.resources);
  const idsOf = Map.groupBy(resources, ({ urn }) => urn);
  const taken: JsonMap[] = [];
  const repeated: string[] = [];
  const lost: Recovered["lost"][number][] = [];
  const kept: JsonMap[] = [];
  for (const operation of listOf(deployment.pending_operations)) {
    const resource = isMap(operation.resource) ? operation.resource : {};
    const urn = String(resource.urn);
    const id = idOf(resource);
    const recorded = idsOf.get(urn);
    if (operation.type === "creating" && id !== undefined && recorded === undefined) {
      taken.push({ outputs: {}, ...resource, id });
      continue;
    }
    kept.push(operation);
    if (operation.type !== "creating" || recorded?.some((one) => one.id === id) === true) continue;
    // a later run has made it again, or it was to replace the one of its URN: a state holds one of them
    if (id !== undefined || NAMELESS.includes(String(resource.type))) lost.push({ urn, id: id ?? null });
    else repeated.push(urn);
  }
  return {
    state: {
      ...exported,
      deployment: { ...deployment, resources: [...resources, ...taken], pending_operations: kept },
    },
    taken: taken.map(({ urn }) => String(urn)),
    repeated,
    lost,
  };
}

/** Undefined where it does not follow from the inputs; a secret or unknown part is no text. */
function idOf({ type, inputs }: JsonMap): string | undefined {
  if (!isMap(inputs)) return undefined;
  const parts = String(type).startsWith(CLUSTER_TYPES) ? objectId(inputs) : IDS.get(String(type))?.(inputs);
  return parts?.every((part) => typeof part === "string" && part !== "") ? parts.join("") : undefined;
}

/** As the provider of Kubernetes writes it; what belongs to no namespace has its name alone. */
function objectId({ metadata }: JsonMap): readonly unknown[] {
  const { namespace, name } = isMap(metadata) ? metadata : {};
  return namespace === undefined ? [name] : [namespace, "/", name];
}

function listOf(value: unknown): JsonMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}
