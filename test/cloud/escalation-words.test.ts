/** What people read of the alarms of the reviewed catalog: no two of them under one name. */
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { DRILL_ALARM } from "../../cloud/escalation/intake.ts";
import type { Notice } from "../../cloud/escalation/notice.ts";
import { dedupKey, pagerDutyEvent } from "../../cloud/escalation/pagerduty.ts";
import { slackMessage } from "../../cloud/escalation/slack.ts";
import { topicMessage } from "../../cloud/escalation/texts.ts";
import { escalatorOf } from "../../plan/escalator.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";
import { asRecord } from "../support/json.ts";

const WHEN = "2026-11-21T12:00:00.000Z";

/** What the first level of every alarm that acts is told. */
function noticesOf(environment: string): readonly Notice[] {
  const plan = buildPlan(loadEnvironment(mapSource(catalogFiles()), environment));
  const { alarms } = escalatorOf(plan);
  const composites = [...plan.servers, plan.fleet].flatMap((one) => one.composites);
  return Object.entries(alarms).map(([alarm, { server, kind, severity, escalation }]) => ({
    type: "rollcall.escalation",
    version: 1,
    kind: "told",
    drill: false,
    incident: "0".repeat(32),
    environment,
    server,
    alarm,
    about: kind,
    severity,
    escalation,
    level: plan.escalations.find((one) => one.escalation === escalation)?.levels[0]?.level ?? "",
    since: WHEN,
    at: WHEN,
    text:
      composites.find(({ definition }) => definition.AlarmName === alarm)?.definition.AlarmDescription ?? "",
    reason: "why",
    link: "https://example.com/?incident",
    by: null,
    note: null,
  }));
}

/** What each channel shows first. */
function shown(notice: Notice): { readonly [channel: string]: string } {
  const { subject, message } = topicMessage(notice);
  const { sms, email } = asRecord(JSON.parse(message));
  const { payload = {} } = asRecord(pagerDutyEvent(notice));
  return {
    subject,
    sms: String(sms).split("\n")[0] ?? "",
    email: String(email).split("\n")[0] ?? "",
    slack: String(asRecord(slackMessage(notice)).text),
    pagerDuty: String(asRecord(payload).summary),
  };
}

describe.each(["staging", "production"])("the alarms of %s that act", (environment) => {
  const notices = noticesOf(environment);

  it("have each a key of its own in PagerDuty, the same for all that is said of one", () => {
    expect(notices.length).toBeGreaterThan(50);
    expect(new Set(notices.map(dedupKey)).size).toBe(notices.length);
    for (const notice of notices) {
      const keys = (["told", "acknowledged", "over"] as const).map(
        (kind) => asRecord(pagerDutyEvent({ ...notice, kind })).dedup_key,
      );
      expect(keys).toEqual([notice.alarm, notice.alarm, notice.alarm]);
    }
  });

  it("read differently on every channel", () => {
    for (const channel of Object.keys(shown(notices[0] as Notice)))
      expect(new Set(notices.map((notice) => shown(notice)[channel])).size, channel).toBe(notices.length);
  });
});

describe("what a level reads first", () => {
  const told = (alarm: string): Notice => {
    const found = noticesOf("production").find((one) => one.alarm === alarm);
    if (found === undefined) throw new Error(`no alarm ${alarm}`);
    return found;
  };

  it("is what has happened: data that is lost is told from many servers that are down", () => {
    const down = "Many servers of production fail together: 3 or more servers fail together";
    const loss = "The latest backup of production cannot be restored whole: the restore drill found faults";
    for (const [alarm, name, means] of [
      ["production-fleet-page", "production fleet page", down],
      ["production-fleet-data-loss", "production fleet data-loss", loss],
    ] as const) {
      const { subject, sms, email, slack, pagerDuty } = shown(told(alarm));
      const whole = `CRITICAL: ${name} (L2): ${means}`;
      expect([slack, pagerDuty, email]).toEqual([whole, whole, `CRITICAL: ${name} (L2)`]);
      expect([subject, sms]).toEqual([whole.slice(0, 100), whole.slice(0, 140)]);
    }
  });

  it("names an alarm that speaks without the escalation, one that no plan knows, and a drill", () => {
    const notice = { ...told("production-fleet-delivery"), text: "" };
    const named = (part: Partial<Notice>): string => String(shown({ ...notice, ...part }).subject);
    expect(named({ server: "rollcall", level: "the-topic" })).toBe(
      "CRITICAL: production fleet-delivery (the-topic)",
    );
    expect(named({ server: "by-hand", alarm: "by-hand" })).toMatch(/^CRITICAL: production by-hand \(/);
    const drill = { ...notice, drill: true, server: "drill", about: "drill", alarm: DRILL_ALARM };
    expect(named(drill)).toMatch(/^\[DRILL\] CRITICAL: production rollcall drill \(/);
    expect(dedupKey(drill)).toBe("production/drill/drill/severity-critical");
  });

  it("is no meaning any more once it is acknowledged or over", () => {
    const notice = told("production-fleet-data-loss");
    expect(shown({ ...notice, kind: "over" }).subject).toBe("OVER: production fleet data-loss");
    expect(shown({ ...notice, kind: "acknowledged", by: "Ann" }).subject).toBe(
      "ACKNOWLEDGED by Ann: production fleet data-loss",
    );
  });
});
