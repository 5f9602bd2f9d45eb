import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  ListAlarmMuteRulesCommand,
} from "@aws-sdk/client-cloudwatch";
import { messageOf } from "../../catalog/errors.ts";

/**
 * Asks CloudWatch whether a mute rule keeps an alarm quiet now. CloudWatch holds back the alarm's own actions; the
 * levels after the first are not among them. Where it cannot say, the alarm counts as not muted: doubt tells.
 */
export function mutedByRule(
  tell: (line: object) => void,
  config: CloudWatchClientConfig = {},
): (alarm: string) => Promise<boolean> {
  const client = new CloudWatchClient({ maxAttempts: 3, ...config });
  return async (AlarmName) => {
    try {
      const question = new ListAlarmMuteRulesCommand({ AlarmName, Statuses: ["ACTIVE"] });
      const { AlarmMuteRuleSummaries = [] } = await client.send(question);
      return AlarmMuteRuleSummaries.length > 0;
    } catch (error) {
      tell({ event: "mutes unknown", alarm: AlarmName, reason: messageOf(error) });
      return false;
    }
  };
}
