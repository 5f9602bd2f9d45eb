/** The types of JSON, in the words of JSON Schema. */
export const JSON_TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"] as const;

/** Whether a value of JSON or YAML is a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
