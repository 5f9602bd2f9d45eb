import { isMap } from "../../catalog/json.ts";
import { redact } from "./redact.ts";

/** A ConfigMap as `kubectl apply -f` takes it. Its maps are as the API server said them. */
export interface ConfigMap {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly metadata: {
    readonly name: unknown;
    readonly namespace: unknown;
    readonly labels: unknown;
    readonly annotations: unknown;
  };
  readonly data: unknown;
  readonly binaryData: unknown;
  readonly immutable: unknown;
}

/** A ConfigMap in which something was masked: what can be restored of it, and what somebody has to write again. */
export interface MaskedMap {
  readonly name: unknown;
  readonly namespace: unknown;
  /** Everything that is whole, for `kubectl patch --type merge`, which leaves alone what it does not name. */
  readonly patch: unknown;
  /** The rest to read, by its path, with a mask for each secret. */
  readonly masked: Readonly<Record<string, unknown>>;
}

/** Undefined for a map that is whole. */
export function masked({ metadata, data, binaryData, immutable }: ConfigMap): MaskedMap | undefined {
  const rest: Record<string, unknown> = {};
  const whole = (place: string, map: unknown): unknown =>
    isMap(map)
      ? Object.fromEntries(
          Object.entries(map).filter(([key, value]) => {
            const { value: clean, redacted } = redact({ [key]: value });
            if (redacted && isMap(clean)) rest[`${place}.${key}`] = clean[key];
            return !redacted;
          }),
        )
      : map;
  const { name, namespace } = metadata;
  const labels = whole("metadata.labels", metadata.labels);
  const annotations = whole("metadata.annotations", metadata.annotations);
  const patch = {
    metadata: { labels, annotations },
    data: whole("data", data),
    binaryData: whole("binaryData", binaryData),
    immutable,
  };
  return Object.keys(rest).length === 0 ? undefined : { name, namespace, patch, masked: rest };
}
