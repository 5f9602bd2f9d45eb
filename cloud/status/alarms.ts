import {
  type AlarmHistoryItem,
  type CloudWatchClient,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
} from "@aws-sdk/client-cloudwatch";
import { z } from "zod";
import type { AlarmReading } from "../../monitor/status-view.ts";

/** Records of one answer, of either call (service model). */
const PAGE = 100;
const TYPES = ["MetricAlarm", "CompositeAlarm"] as const;

const alarmState = z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]);

/** The history keeps both states as JSON (CloudWatch user guide, alarm history). */
const historyData = z.object({
  oldState: z.object({ stateValue: alarmState }),
  newState: z.object({ stateValue: alarmState, stateReason: z.string().default("") }),
});

/** One alarm that went from one state to another. */
export interface AlarmChange {
  readonly alarm: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly from: AlarmReading["state"];
  readonly to: AlarmReading["state"];
  readonly reason: string;
}

/** The state of every alarm of an environment, by its name. Rejects as the SDK does. */
export async function readAlarms(
  client: CloudWatchClient,
  environment: string,
): Promise<Map<string, AlarmReading>> {
  const states = new Map<string, AlarmReading>();
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeAlarmsCommand({
        AlarmNamePrefix: `${environment}-`,
        AlarmTypes: [...TYPES],
        MaxRecords: PAGE,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
      const {
        AlarmName,
        StateValue,
        StateReason = "",
        StateTransitionedTimestamp,
        StateUpdatedTimestamp,
      } = alarm;
      const state = alarmState.safeParse(StateValue);
      if (AlarmName === undefined || !state.success) continue;
      const since = (StateTransitionedTimestamp ?? StateUpdatedTimestamp)?.getTime() ?? 0;
      states.set(AlarmName, { state: state.data, since, reason: StateReason });
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return states;
}

/**
 * The newest changes of these alarms, newest first, of the last `pages` hundred of the whole account and region: the
 * call cannot be asked for some of them. Rejects as the SDK does.
 */
export async function readChanges(
  client: CloudWatchClient,
  {
    alarms,
    limit,
    pages,
  }: { readonly alarms: ReadonlySet<string>; readonly limit: number; readonly pages: number },
): Promise<AlarmChange[]> {
  const changes: AlarmChange[] = [];
  let NextToken: string | undefined;
  for (let page = 0; page < pages && changes.length < limit; page += 1) {
    const answer = await client.send(
      new DescribeAlarmHistoryCommand({
        AlarmTypes: [...TYPES],
        HistoryItemType: "StateUpdate",
        ScanBy: "TimestampDescending",
        MaxRecords: PAGE,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    for (const item of answer.AlarmHistoryItems ?? []) {
      const change = changeOf(item);
      if (change !== undefined && alarms.has(change.alarm)) changes.push(change);
    }
    NextToken = answer.NextToken;
    if (NextToken === undefined) break;
  }
  return changes.slice(0, limit);
}

function changeOf({ AlarmName, Timestamp, HistoryData = "" }: AlarmHistoryItem): AlarmChange | undefined {
  const data = historyData.safeParse(parsed(HistoryData));
  if (AlarmName === undefined || Timestamp === undefined || !data.success) return undefined;
  const { oldState, newState } = data.data;
  // an alarm that is made is told as one that stays as it is
  if (oldState.stateValue === newState.stateValue) return undefined;
  return {
    alarm: AlarmName,
    at: Timestamp.getTime(),
    from: oldState.stateValue,
    to: newState.stateValue,
    reason: newState.stateReason,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
