import { CloudWatchClient, type CloudWatchClientConfig } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import type { StatusPlaces, StatusSite } from "../../plan/status.ts";
import { readAlarms, readChanges } from "./alarms.ts";
import { eventsOf } from "./events.ts";
import { readIncidents } from "./incidents.ts";
import { remembered } from "./remembered.ts";
import { readResults } from "./results.ts";
import type { StatusSources } from "./view.ts";

/** However many read, DynamoDB and CloudWatch (nine DescribeAlarms a second in an account) are asked so often. */
const RESULTS_MS = 5_000;
const ALARMS_MS = 10_000;
const EVENTS = 200;
/** Of the account's history of alarms, in hundreds. */
const HISTORY_PAGES = 5;
const LIMITS = {
  maxAttempts: 2,
  // without throwOnRequestTimeout the SDK only warns; the socket's timeout is for an answer that stops half-way
  requestHandler: {
    connectionTimeout: 1_000,
    requestTimeout: 4_000,
    throwOnRequestTimeout: true,
    socketTimeout: 4_000,
  },
};

/** The results of DynamoDB, the alarms of CloudWatch, and what was told of them. */
export function awsSources(input: {
  readonly site: StatusSite;
  readonly places: StatusPlaces;
  /** Overrides what the SDK finds in the environment, such as the endpoint. @default nothing */
  readonly client?: DynamoDBClientConfig & CloudWatchClientConfig;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}): StatusSources {
  const { site, places, client = {}, now = Date.now } = input;
  const { resultsTable, shards, incidentsTable } = places;
  const dynamo = new DynamoDBClient({ ...LIMITS, ...client });
  const cloudWatch = new CloudWatchClient({ ...LIMITS, ...client });
  const all = [...site.servers, site.fleet];
  const composites = all.flatMap((one) => one.composites.map(({ alarm }) => alarm));
  const alarms = new Set([...composites, ...all.flatMap((one) => one.alarms.map(({ alarm }) => alarm))]);
  return {
    results: remembered(() => readResults(dynamo, { table: resultsTable, shards }), {
      forMs: RESULTS_MS,
      now,
    }),
    alarms: remembered(() => readAlarms(cloudWatch, site.environment), { forMs: ALARMS_MS, now }),
    events: remembered(
      async () => {
        const [changes, incidents] = await Promise.all([
          readChanges(cloudWatch, { alarms, limit: EVENTS, pages: HISTORY_PAGES }),
          readIncidents(dynamo, { table: incidentsTable, alarms: composites }),
        ]);
        return eventsOf(site, { changes, incidents });
      },
      { forMs: ALARMS_MS, now },
    ),
  };
}
