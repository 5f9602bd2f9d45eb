import { usageError } from "../../catalog/errors.ts";
import { emfSink } from "./emf.ts";
import { logSink } from "./log.ts";
import { PrometheusPage } from "./prometheus.ts";
import { type RunnerPlace, SINK_NAMES, type Sink, type SinkName } from "./sink.ts";

export interface SinkInput {
  readonly environment: string;
  /** Takes text for the runner's standard output. */
  readonly write: (text: string) => void;
  /** Metrics by server that CloudWatch gets. @default all of every server */
  readonly published?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Where the runner runs, whose runs CloudWatch then counts. @default they are not counted */
  readonly runner?: RunnerPlace | undefined;
}

/** The sink that `ROLLCALL_SINK` names. Throws a RollcallError (usage) when there is none of that name. */
export function sinkNameOf(value: string | undefined, fallback: SinkName): SinkName {
  const name = value ?? fallback;
  if (isSinkName(name)) return name;
  throw usageError({
    place: "ROLLCALL_SINK",
    rule: `there is no sink of the name ${JSON.stringify(name)}`,
    cure: `set it to one of ${SINK_NAMES.join(", ")}, or leave it out for ${fallback}`,
  });
}

/** Opens a sink; the AWS SDK is loaded for `api` only. */
export async function openSink(name: SinkName, input: SinkInput): Promise<Sink> {
  switch (name) {
    case "emf":
      return emfSink(input);
    case "log":
      return logSink(input);
    case "prometheus":
      return printedPage(input);
    case "api": {
      const { cloudWatchSink } = await import("./cloudwatch.ts");
      return cloudWatchSink(input);
    }
  }
}

/** The page of a run that ends before anybody could ask for it, for a collector of text files. */
function printedPage({ environment, write }: SinkInput): Sink {
  const page = new PrometheusPage({ environment });
  return {
    publish: (observation, measures) => page.publish(observation, measures),
    async flush() {
      write(page.text());
    },
  };
}

function isSinkName(name: string): name is SinkName {
  return SINK_NAMES.some((known) => known === name);
}
