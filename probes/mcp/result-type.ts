import { ProbeFault } from "../classify.ts";
import type { JsonObject } from "./json.ts";

/** Throws a ProbeFault of class protocol unless a modern result says that it is complete. */
export function assertComplete(method: string, { resultType }: JsonObject): void {
  if (resultType === "complete") return;
  if (resultType === "input_required") {
    throw new ProbeFault(
      "protocol",
      `${method}: the server wants input (input_required), which a probe cannot give`,
    );
  }
  const given = typeof resultType === "string" ? `"${resultType}"` : "missing";
  throw new ProbeFault("protocol", `${method}: the resultType is ${given}, not "complete"`);
}
