import type { CloudWatchClient, CloudWatchClientConfig } from "@aws-sdk/client-cloudwatch";
import { messageOf } from "../../catalog/errors.ts";
import { LIMITS } from "./limits.ts";

/**
 * Asks CloudWatch whether a mute rule keeps an alarm quiet now. CloudWatch holds back the alarm's own actions; the
 * levels after the first are not among them. Where it cannot say, the alarm counts as not muted: doubt tells.
 *
 * Lambda brings the SDK along, and one from before February 2026 has no mute rules: a static import of what is not
 * there would keep the whole function from loading.
 */
export function mutedByRule(
  tell: (line: object) => void,
  config: CloudWatchClientConfig = {},
): (alarm: string) => Promise<boolean> {
  let opened: CloudWatchClient | undefined;
  return async (AlarmName) => {
    try {
      const { CloudWatchClient, ListAlarmMuteRulesCommand } = await import("@aws-sdk/client-cloudwatch");
      opened ??= new CloudWatchClient({ ...LIMITS, ...config });
      const question = new ListAlarmMuteRulesCommand({ AlarmName, Statuses: ["ACTIVE"] });
      const { AlarmMuteRuleSummaries = [] } = await opened.send(question);
      return AlarmMuteRuleSummaries.length > 0;
    } catch (error) {
      tell({ event: "mutes unknown", alarm: AlarmName, reason: messageOf(error) });
      return false;
    }
  };
}
