import { z } from "zod";

/** Names of servers, environments, contacts and levels: what every engine behind the catalog accepts. */
export const name = z
  .string()
  .max(48, "must have at most 48 characters")
  .regex(/^[a-zA-Z0-9_-]+$/, "must match [a-zA-Z0-9_-], such as task-mcp");

/** Stands where a server's name would, for what belongs to all of them together. */
export const FLEET = "fleet";

/** The name of a metric of a server's own, as CloudWatch and Prometheus both take it. */
export const metricName = z
  .string()
  .max(120, "must have at most 120 characters")
  .regex(/^[a-z][a-z0-9_]*$/, "must be a metric name, such as cctelegram_events_per_minute");

/** A path on the server's own origin. */
export const httpPath = z.string().startsWith("/", "must be a path that starts with /");

/** Whether no item of a list stands in it twice. */
export function distinctItems(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}
