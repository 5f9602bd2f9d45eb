import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { expect } from "vitest";

const URN = (stack: string, type: string, name: string) => `urn:pulumi:${stack}::rollcall::${type}::${name}`;

/** A resource as a policy sees it. */
export function resource(type: string, props: Record<string, unknown>, name = "one", stack = "production") {
  return { type, name, urn: URN(stack, type, name), props } as unknown as PolicyResource;
}

/** What a policy of a whole stack says of these resources. */
export function ofStack(
  policy: StackValidationPolicy,
  resources: readonly PolicyResource[],
  config: object = {},
): string[] {
  const said: string[] = [];
  const args = { resources: [...resources], getConfig: () => config } as unknown as Parameters<
    StackValidationPolicy["validateStack"]
  >[0];
  expect(policy.validateStack(args, (message) => said.push(message))).toBeUndefined();
  return said;
}

/** What a policy of single resources says of this one. */
export function ofResource(
  policy: ResourceValidationPolicy,
  one: PolicyResource,
  config: object = {},
): string[] {
  const said: string[] = [];
  const validate = policy.validateResource;
  if (typeof validate !== "function") throw new Error("one function validates");
  validate({ ...one, getConfig: () => config } as never, (message) => said.push(message));
  return said;
}

/** A value that the pack's proxies throw at in a preview. */
export function unknownIn(props: Record<string, unknown>, key: string) {
  return new Proxy(
    { ...props, [key]: "" },
    {
      get(target, name) {
        if (name === key) throw new Error(`string value at .${key} can't be known during preview`);
        return Reflect.get(target, name);
      },
    },
  );
}
