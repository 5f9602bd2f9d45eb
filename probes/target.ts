/** What a probe is given; the shapes belong to the catalog, which the plan writes rosters from as well. */
export type { CheckTarget, McpTarget, Roster, RosterTarget } from "../catalog/target.ts";
