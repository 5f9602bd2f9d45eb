import type { Sink } from "./sink.ts";

/** Several sinks as one; its flush fails when that of one of them does. */
export function together(...sinks: readonly Sink[]): Sink {
  return {
    publish: (observation, measures) => {
      for (const sink of sinks) sink.publish(observation, measures);
    },
    async flush() {
      await Promise.all(sinks.map((sink) => sink.flush()));
    },
  };
}
