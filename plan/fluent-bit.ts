/** One log group and the tag of the records that go there. */
export interface LogOutput {
  readonly tag: string;
  readonly logGroup: string;
}

/** What its buffers on disk may hold in all; beyond it the oldest lines go (`storage.total_limit_size`). */
const BUFFER_MIB = 400;
/** Chunks of about 2 MB that lie in memory; the rest lies on disk (`storage.max_chunks_up`). */
const CHUNKS_IN_MEMORY = 16;
/** Tries a chunk has, at most a minute apart: about an hour and a half, until its lines are given up. */
const RETRIES = 100;
const LONGEST_WAIT_SECONDS = 60;

/** Where its buffers lie in its container. */
export const FLUENT_BIT_BUFFERS = "/buffers";
/** What the volume of the buffers may grow to, with room for chunks that are being written. */
export const FLUENT_BIT_BUFFER_LIMIT = `${BUFFER_MIB + 112}Mi`;

/**
 * The configuration of a Fluent Bit (3 or later) that takes records from the follower on its own loopback, keeps them
 * on disk, and writes `log` of each to the stream that `stream` names (docs.fluentbit.io: forward, cloudwatch_logs,
 * service, buffering-and-storage).
 */
export function fluentBitConfig(input: {
  readonly region: string;
  readonly outputs: readonly LogOutput[];
  readonly forwardPort: number;
  readonly port: number;
}): string {
  const { region, outputs, forwardPort, port } = input;
  const share = Math.floor(BUFFER_MIB / outputs.length);
  return [
    "service:",
    ...settings(2, {
      flush: 1,
      grace: 10,
      log_level: "warn",
      http_server: "on",
      // the kubelet asks at the pod's address
      http_listen: "0.0.0.0",
      http_port: port,
      health_check: "on",
      hc_period: 60,
      hc_errors_count: 5,
      hc_retry_failure_count: 5,
      "scheduler.base": 5,
      "scheduler.cap": LONGEST_WAIT_SECONDS,
      "storage.path": FLUENT_BIT_BUFFERS,
      "storage.sync": "normal",
      "storage.checksum": "on",
      "storage.max_chunks_up": CHUNKS_IN_MEMORY,
      "storage.backlog.mem_limit": "16M",
      "storage.metrics": "on",
    }),
    "pipeline:",
    "  inputs:",
    ...item({
      name: "forward",
      listen: "127.0.0.1",
      port: forwardPort,
      buffer_chunk_size: "1M",
      buffer_max_size: "6M",
      "storage.type": "filesystem",
    }),
    "  outputs:",
    ...outputs.flatMap(({ tag, logGroup }) =>
      item({
        name: "cloudwatch_logs",
        match: tag,
        region,
        log_group_name: logGroup,
        // a record accessor ends at . or , only, so the follower puts the whole name together; the second stands in for it
        log_stream_template: "$stream",
        log_stream_name: "unnamed",
        log_key: "log",
        auto_create_group: "off",
        retry_limit: RETRIES,
        workers: 1,
        "storage.total_limit_size": `${share}M`,
      }),
    ),
    "",
  ].join("\n");
}

function item(values: Readonly<Record<string, string | number>>): string[] {
  const [first = "", ...rest] = settings(6, values);
  return [`    - ${first.trimStart()}`, ...rest];
}

function settings(indent: number, values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).map(
    ([key, value]) =>
      `${" ".repeat(indent)}${key}: ${typeof value === "number" ? value : JSON.stringify(value)}`,
  );
}
