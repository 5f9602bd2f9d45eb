import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import type { Environment } from "../../catalog/types.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Production with as many servers as asked for: its own, over and over, under names of their own. */
export function fleetOf(count: number): Environment {
  const production = loadEnvironment(diskSource(ROOT), "production");
  const { servers } = production;
  return {
    ...production,
    servers: Array.from({ length: count }, (_, nth) => {
      const model = servers[nth % servers.length];
      if (model === undefined) throw new Error("production has no servers");
      return { ...model, name: `${model.name}-${Math.floor(nth / servers.length) + 1}` };
    }),
  };
}
