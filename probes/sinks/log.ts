import type { Sink } from "./sink.ts";

/** Writes each observation as one plain JSON line, for a collector of logs that is not CloudWatch. */
export function logSink({
  environment,
  write,
}: {
  readonly environment: string;
  readonly write: (line: string) => void;
}): Sink {
  return {
    publish: ({ result, missingTools }, measures) =>
      write(`${JSON.stringify({ environment, ...result, missingTools, measures })}\n`),
    flush: () => Promise.resolve(),
  };
}
