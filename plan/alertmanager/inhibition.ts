import { FLEET } from "../../catalog/names.ts";
import type { InhibitRule } from "./types.ts";

/**
 * What holds alerts back, as CloudWatch's composites do: one trouble is one message. `kind` is that of the composites;
 * an escalation has the kind of what it escalates, and so is held back with it.
 */
export const INHIBIT_RULES: readonly InhibitRule[] = [
  {
    // a dead probe never reads as a dead server; what it saw of a poisoned tool before stands
    source_matchers: ['alertname="MCPProbeSilent"'],
    target_matchers: ['kind=~"page|ticket"'],
    equal: ["environment", "server"],
  },
  {
    source_matchers: ['alertname="MCPManyServersDown"'],
    target_matchers: ['kind="page"', `server!="${FLEET}"`],
    equal: ["environment"],
  },
  {
    source_matchers: ['alertname="MCPProberSilent"'],
    target_matchers: ['kind="blind"', `server!="${FLEET}"`],
    equal: ["environment"],
  },
  {
    // a server that is down burns its budgets too
    source_matchers: ['alertname="MCPServerDown"'],
    target_matchers: ['alertname="MCPErrorBudgetPage"'],
    equal: ["environment", "server"],
  },
  {
    source_matchers: ['alertname="MCPErrorBudgetPage"'],
    target_matchers: ['alertname="MCPErrorBudgetTicket"'],
    equal: ["environment", "server", "slo"],
  },
  {
    source_matchers: ['alertname=~"MCPThreshold|MCPHighMemoryUsage"', 'step="critical"'],
    target_matchers: ['alertname=~"MCPThreshold|MCPHighMemoryUsage"', 'step="warning"'],
    equal: ["environment", "server", "threshold"],
  },
];
