import type { PolicyResource } from "@pulumi/policy";

/** A resource's inputs and outputs, of which nothing is known but that they are JSON. */
export type Props = Readonly<Record<string, unknown>>;

/** The part of a resource that the policies read. */
export type Subject = Pick<PolicyResource, "type" | "name" | "urn" | "props">;

/** Stands for what only the update will know, such as the ARN of a key that is not made yet. */
export const UNKNOWN = "(known after the update)";

/**
 * A resource whose every property can be read. In a preview the pack's own proxies throw at what is not known yet, and
 * one such property would end a whole policy; here it is {@link UNKNOWN}.
 */
export function readable({ type, name, urn, props }: Subject): Subject {
  return { type, name, urn, props: copy(props) as Record<string, unknown> };
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value.keys(), (index) => read(value, index));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]));
}

function read(holder: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = Reflect.get(holder, key);
  } catch (error) {
    // the pack exports no class of it
    if (error instanceof Error && error.message.includes("can't be known during preview")) return UNKNOWN;
    throw error;
  }
  return copy(value);
}

export function ofType(resources: readonly Subject[], ...types: readonly string[]): Subject[] {
  return resources.filter(({ type }) => types.includes(type));
}

/** The stack that a resource belongs to: `urn:pulumi:<stack>::<project>::…`. */
export function stackOf(urn: string): string {
  return urn.split("::")[0]?.slice("urn:pulumi:".length) ?? "";
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function propsOf(value: unknown): Props {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Props) : {};
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
