import type { Environment, Server } from "../../catalog/types.ts";
import { limitsOf } from "./limits.ts";
import type { GrafanaDashboard } from "./model.ts";
import { overviewDashboard } from "./overview.ts";
import { performanceDashboards } from "./performance.ts";
import { resourcesDashboards } from "./resources.ts";
import { serverApi } from "./server-api.ts";
import { serverInfrastructure } from "./server-infrastructure.ts";
import { serverOverview } from "./server-overview.ts";
import { serverSecurity } from "./server-security.ts";

export type { GrafanaDashboard } from "./model.ts";

/**
 * The dashboards of an environment: three for all servers, in which one is chosen, and four more for each server whose
 * catalog file asks for its own. Pure, and the same for the same catalog.
 */
export function planGrafana(environment: Environment): readonly GrafanaDashboard[] {
  const limits = environment.servers.flatMap((server) => limitsOf(environment, server));
  return [
    overviewDashboard(environment),
    ...performanceDashboards(environment, limits),
    ...resourcesDashboards(environment, limits),
    ...environment.servers
      .filter(({ dashboards }) => dashboards)
      .flatMap((server) => ofServer(environment, server)),
  ];
}

function ofServer(environment: Environment, server: Server): readonly GrafanaDashboard[] {
  return [
    serverOverview(environment, server),
    serverApi(environment, server),
    serverInfrastructure(environment, server),
    serverSecurity(environment, server),
  ];
}
