import type { CheckResult } from "../../probes/result.ts";
import { failing, OK, resultOf } from "./observation.ts";

/** What a hostile server may have said. */
export const HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>";

/** A moment in milliseconds as the results write it. */
export function at(ms: number): string {
  return new Date(ms).toISOString();
}

/** A server whose both paths answer. */
export const well = (server: string, ms: number): CheckResult =>
  resultOf({ server, checkedAt: at(ms), mcp: OK, rest: OK });
/** A server whose both paths fail. */
export const sick = (server: string, ms: number): CheckResult =>
  resultOf({
    server,
    checkedAt: at(ms),
    mcp: { ...failing("timeout"), detail: HOSTILE },
    rest: failing("timeout"),
  });
