import { METRICS } from "../../catalog/metrics.ts";

/** The CloudWatch unit of a metric; `None` for one of a server's own. */
export function unitOf(name: string): (typeof METRICS)[keyof typeof METRICS]["unit"] {
  return isOurs(name) ? METRICS[name].unit : "None";
}

function isOurs(name: string): name is keyof typeof METRICS {
  return Object.hasOwn(METRICS, name);
}
