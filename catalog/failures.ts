/** Why a path failed: the rung of the exchange that broke, from the name to the answer. */
export const FAILURE_CLASSES = [
  "dns",
  "connect",
  "tls",
  "timeout",
  "http",
  "auth",
  "protocol",
  "rpc",
  "tool",
  "capability",
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];
