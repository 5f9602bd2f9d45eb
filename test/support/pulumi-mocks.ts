import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";

/** One resource that a program has asked for, as the engine would receive it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  /** What the program gave, with all outputs resolved. */
  readonly inputs: pulumi.Inputs;
  readonly urn: string;
  readonly parent: string;
  /** Urn of the explicit provider, or an empty string for the ambient one. */
  readonly provider: string;
  /** Urns of the resources that have to be there first. */
  readonly dependencies: readonly string[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Urn of the resource whose deletion takes this one along, or an empty string. */
  readonly deletedWith: string;
}

/** The account that the mocked AWS answers for. */
export const ACCOUNT = "123456789012";

/**
 * Runs `build` as the program of a stack, against Pulumi's mocks, and returns every resource that it registers, in order. Outputs repeat
 * the inputs, with an ARN made of the name, and the address of a function; what a provider would refuse is not proved by that.
 */
export async function record(build: () => unknown, stack = "test"): Promise<readonly Recorded[]> {
  const given = new Map<string, pulumi.Inputs>();
  const requests: RegisterResourceRequest[] = [];
  const key = (type: string, name: string): string => `${type} ${name}`;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        given.set(key(type, name), inputs);
        const state = { arn: `arn:test:${name}`, ...addressOf(type, inputs), ...inputs };
        return { id: `${name}-id`, state };
      },
      call: ({ token }) => {
        if (token === "aws:index/getCallerIdentity:getCallerIdentity") return { accountId: ACCOUNT };
        throw new Error(`nobody has said what ${token} answers`);
      },
    },
    "rollcall",
    stack,
  );
  overhear(requests);
  try {
    await build();
  } finally {
    // waits for everything that was registered before an error, too
    await pulumi.runtime.disconnect();
  }
  return requests.map((request) => ({
    type: request.getType(),
    name: request.getName(),
    inputs: given.get(key(request.getType(), request.getName())) ?? {},
    urn: urnOf(request),
    parent: request.getParent(),
    provider: request.getProvider().split("::").slice(0, -1).join("::"),
    dependencies: request.getDependenciesList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deletedWith: request.getDeletedwith(),
  }));
}

/** Where a function answers: the one output besides an ARN that a program hands out. */
function addressOf(type: string, { functionName }: pulumi.Inputs): { readonly functionUrl?: string } {
  if (type !== "aws:lambda/functionUrl:FunctionUrl") return {};
  return { functionUrl: `https://${functionName}.lambda-url.test/` };
}

/** `type name` of every resource below the component, in order of name; what a test compares children with. */
export function childrenOf(resources: readonly Recorded[], component: string): string[] {
  const parent = resources.find(({ name, type }) => name === component && type.startsWith("rollcall:"));
  return resources
    .filter((resource) => resource.parent === parent?.urn)
    .map(({ type, name }) => `${type} ${name}`)
    .sort();
}

/** The one resource of that type, and of that name where it is given. Throws when there is none, or more. */
export function only(resources: readonly Recorded[], type: string, name?: string): Recorded {
  const found = resources.filter((one) => one.type === type && (name === undefined || one.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${type} ${name ?? ""}`);
  return first;
}

/** The mock monitor hides parents and options from `newResource`; the requests themselves hold them. */
function overhear(requests: RegisterResourceRequest[]): void {
  const monitor = pulumi.runtime.getMonitor();
  if (monitor === undefined) throw new Error("the mocks are not set");
  const register = monitor.registerResource.bind(monitor) as (...args: unknown[]) => unknown;
  Object.assign(monitor, {
    registerResource: (request: RegisterResourceRequest, ...rest: unknown[]) => {
      requests.push(request);
      return register(request, ...rest);
    },
  });
}

/** As the mock monitor makes it: the type of the parent only, then its own. */
function urnOf(request: RegisterResourceRequest): string {
  const within = request.getParent().split("::")[2]?.split("$").at(-1);
  const type = within === undefined ? request.getType() : `${within}$${request.getType()}`;
  return `urn:pulumi:${pulumi.runtime.getStack()}::rollcall::${type}::${request.getName()}`;
}
