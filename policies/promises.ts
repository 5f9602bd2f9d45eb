import type { StackValidationPolicy } from "@pulumi/policy";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import { listOf, numberOf, ofType, propsOf, readable, type Subject, stackOf, textOf } from "./resources.ts";

const SERVER = "rollcall:index:McpServer";
const MONITORING = "rollcall:index:Monitoring";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
/** The part of an error budget that the failures of one page may cost (plan/feasible.ts refuses above it as well). */
const MAX_SHARE_OF_BUDGET = 0.1;
/** Stacks in which every server is watched completely; others may be taken in pieces. */
const STRICT: readonly string[] = ["production"];

/** In production nobody runs a server that nobody watches. */
export const watchedServers: StackValidationPolicy = {
  name: "no-unwatched-server",
  description: "In production every server has a probe, an objective, an escalation and a runbook.",
  enforcementLevel: "mandatory",
  configSchema: { properties: { stacks: { type: "array", items: { type: "string" } } } },
  validateStack: ({ resources: found, getConfig }, report) => {
    const resources = found.map(readable);
    const strict = getConfig<{ readonly stacks?: readonly string[] }>().stacks ?? STRICT;
    const alarms = ofType(resources, ALARM);
    const composites = ofType(resources, COMPOSITE);
    const told = new Set(composites.filter(acts).map(serverOf));
    const watched = (family: string) =>
      new Set(alarms.filter(({ props }) => tag(props, "Family") === family).map(serverOf));
    const probed = watched("heartbeat");
    const promised = new Set(alarms.filter(({ props }) => tag(props, "Guards") !== "").map(serverOf));
    for (const { urn, props, name } of ofType(resources, SERVER).filter((one) =>
      strict.includes(stackOf(one.urn)),
    )) {
      const server = textOf(props.server) || name;
      const lacks = [
        ...(probed.has(server) ? [] : ["a probe (no alarm on its heartbeat)"]),
        ...(promised.has(server) ? [] : ["an objective (no alarm guards one)"]),
        ...(told.has(server) ? [] : ["an escalation (no composite of it tells a topic)"]),
      ];
      if (lacks.length > 0) report(`${server} runs without ${lacks.join(", and without ")}`, urn);
    }
    for (const { urn, name, props } of [...alarms, ...composites].filter((one) =>
      strict.includes(stackOf(one.urn)),
    ))
      if (tag(props, "Runbook") === "") report(`${name} names no runbook; tag it with the page to read`, urn);
  },
};

/** A promise whose sampling cannot carry it pages for chance, or too late to help. */
export const bearablePromises: StackValidationPolicy = {
  name: "no-interval-too-long",
  description: "No server is probed so seldom that one page costs more than a tenth of its error budget.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources: found }, report) => {
    const resources = found.map(readable);
    for (const { urn, props } of ofType(resources, MONITORING))
      for (const promise of listOf(props.promises).map(propsOf)) {
        const everyMs = numberOf(promise.everyMs) ?? 0;
        const objectivePpm = numberOf(promise.objectivePpm) ?? 0;
        const budgetMs = ((1_000_000 - objectivePpm) / 1_000_000) * (numberOf(promise.windowMs) ?? 0);
        const pageMs = ((numberOf(promise.failuresToPage) ?? 0) * everyMs) / (numberOf(promise.samples) ?? 1);
        if (promise.page !== true || pageMs <= MAX_SHARE_OF_BUDGET * budgetMs) continue;
        report(
          `${textOf(promise.server)} promises ${formatPercent(objectivePpm)} (${textOf(promise.objective)}) and is probed every ${formatDuration(everyMs)}: the failures that page cost more than a tenth of its budget; probe it more often or promise less`,
          urn,
        );
      }
  },
};

function acts({ props }: Subject): boolean {
  return props.actionsEnabled !== false && listOf(props.alarmActions).length > 0;
}

function serverOf({ props }: Subject): string {
  return tag(props, "Server");
}

function tag(props: Subject["props"], name: string): string {
  return textOf(propsOf(props.tags)[name]);
}
