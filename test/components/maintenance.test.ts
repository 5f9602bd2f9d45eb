import { CompositeAlarm } from "@pulumi/aws/cloudwatch/compositeAlarm.js";
import type { Resource } from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { Maintenance } from "../../components/maintenance.ts";
import type { MaintenancePlan, MuteRule } from "../../plan/maintenance-cloudwatch.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";

const RULE = "aws:cloudwatch/alarmMuteRule:AlarmMuteRule";

const once: MuteRule = {
  Name: "rollcall-test-maintenance-upgrade",
  Description: "upgrade of the cluster",
  Rule: { Schedule: { Expression: "at(2026-12-05T22:00)", Duration: "PT2H", Timezone: "Europe/Berlin" } },
  MuteTargets: { AlarmNames: ["test-library-page"] },
};
const weekly: MuteRule = {
  ...once,
  Name: "rollcall-test-maintenance-vacuum",
  Rule: { Schedule: { Expression: "cron(5 3 * * TUE)", Duration: "PT1H", Timezone: "UTC" } },
  MuteTargets: { AlarmNames: ["test-library-page", "test-shop-page"] },
  ExpireDate: "2026-12-31T02:50:00Z",
};

const build = (rules: readonly MuteRule[], alarms = ["test-library-page", "test-shop-page"]) =>
  record(() => {
    const composites = new Map<string, Resource>(
      alarms.map((name) => [name, new CompositeAlarm(name, { alarmName: name, alarmRule: "FALSE" })]),
    );
    const maintenance = rules.map((rule): MaintenancePlan => ({ maintenance: "any", servers: [], rule }));
    return new Maintenance("quiet", { environment: "test", maintenance, composites });
  });

test("[PLAY-12] a maintenance reaches CloudWatch as it was planned, field by field", async () => {
  const resources = await build([once, weekly]);
  expect(childrenOf(resources, "quiet")).toEqual([`${RULE} quiet-upgrade`, `${RULE} quiet-vacuum`]);
  expect(only(resources, RULE, "quiet-upgrade").inputs).toEqual({
    name: "rollcall-test-maintenance-upgrade",
    description: "upgrade of the cluster",
    rule: { schedule: { expression: "at(2026-12-05T22:00)", duration: "PT2H", timezone: "Europe/Berlin" } },
    muteTargets: { alarmNames: ["test-library-page"] },
    tags: { Environment: "test" },
  });
  expect(only(resources, RULE, "quiet-vacuum").inputs).toMatchObject({
    expireDate: "2026-12-31T02:50:00Z",
    muteTargets: { alarmNames: ["test-library-page", "test-shop-page"] },
  });
});

test("a rule waits for exactly the alarms that it mutes: CloudWatch refuses one that it does not have", async () => {
  const resources = await build([once, weekly]);
  const urn = (name: string) => only(resources, "aws:cloudwatch/compositeAlarm:CompositeAlarm", name).urn;
  expect(only(resources, RULE, "quiet-upgrade").dependencies).toEqual([urn("test-library-page")]);
  expect([...only(resources, RULE, "quiet-vacuum").dependencies].sort()).toEqual([
    urn("test-library-page"),
    urn("test-shop-page"),
  ]);
});

test("an alarm that nobody makes is refused by name", async () => {
  await expect(build([weekly], ["test-library-page"])).rejects.toThrow(
    "test-shop-page is a composite of no server",
  );
});
