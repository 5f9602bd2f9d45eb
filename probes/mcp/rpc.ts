import { ProbeFault } from "../classify.ts";
import { type RpcError, RpcFault } from "./faults.ts";
import { isObject, type JsonObject, parseJson } from "./json.ts";

/** A message of a server, judged. */
export type Message =
  | { readonly kind: "result"; readonly id: unknown; readonly result: JsonObject }
  | { readonly kind: "error"; readonly id: unknown; readonly error: RpcError }
  | { readonly kind: "request"; readonly id: string | number; readonly method: string }
  | { readonly kind: "notification"; readonly method: string }
  | {
      readonly kind: "invalid";
      readonly id: unknown;
      readonly why: string;
      /** It answers something: no log line of a server looks like that. */
      readonly isAnswer: boolean;
    };

export function encodeRequest(id: number, method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

export function encodeNotification(method: string): string {
  return JSON.stringify({ jsonrpc: "2.0", method });
}

/** The answer to a request of the server's own: a ping is answered, everything else is not known here. */
export function encodeReply(id: string | number, method: string): string {
  const answer =
    method === "ping" ? { result: {} } : { error: { code: -32601, message: `${method} is not offered` } };
  return JSON.stringify({ jsonrpc: "2.0", id, ...answer });
}

/**
 * The messages in a JSON text; batches, which only the revision 2025-03-26 knows, are taken apart. Throws a
 * ProbeFault of class protocol when it is no JSON.
 */
export function readMessages(text: string): Message[] {
  const value = parseJson(text);
  if (!Array.isArray(value)) return [judge(value)];
  return value.length === 0 ? [invalid(undefined, "an empty batch")] : value.map(judge);
}

/** A value as a JSON-RPC 2.0 message, judged strictly; results are objects, as MCP has it. */
export function judge(value: unknown): Message {
  if (!isObject(value)) return invalid(undefined, "a message that is no object");
  const { jsonrpc, id, method, result, error } = value;
  if (jsonrpc !== "2.0") return invalid(id, 'a message without "jsonrpc": "2.0"');
  const hasResult = Object.hasOwn(value, "result");
  const hasError = Object.hasOwn(value, "error");
  if (Object.hasOwn(value, "method")) {
    if (typeof method !== "string" || hasResult || hasError) return invalid(undefined, "a malformed request");
    if (!Object.hasOwn(value, "id")) return { kind: "notification", method };
    return isId(id) ? { kind: "request", id, method } : invalid(undefined, "a request with an invalid id");
  }
  if (hasResult && hasError) return invalid(id, "an answer with both result and error", true);
  if (hasError) {
    return isRpcError(error)
      ? {
          kind: "error",
          id: id ?? null,
          error: { code: error.code, message: error.message, data: error.data },
        }
      : invalid(id, "an error without an integer code and a message", true);
  }
  if (!hasResult) return invalid(id, "an answer with neither result nor error");
  if (!isId(id)) return invalid(undefined, "a result without an id", true);
  return isObject(result) ? { kind: "result", id, result } : invalid(id, "a result that is no object", true);
}

/**
 * The answer in a body that holds nothing but the answer to one request. Throws an RpcFault for an error and
 * a ProbeFault of class protocol for everything that is no answer to this request.
 */
export function answerIn(text: string, { id, method }: { id: number; method: string }): JsonObject {
  const messages = readMessages(text);
  const own = messages.find((message) => "id" in message && message.id === id && message.kind !== "request");
  // An error may come without an id when the server could not read the request (JSON-RPC 2.0, section 5).
  const message = own ?? messages.find((one) => one.kind === "error" && one.id === null) ?? messages[0];
  if (message?.kind === "result" && message.id === id) return message.result;
  if (message?.kind === "error" && (message.id === id || message.id === null)) {
    throw new RpcFault(method, message.error);
  }
  if (message?.kind === "invalid") throw new ProbeFault("protocol", `${method}: ${message.why}`);
  if (message?.kind === "result" || message?.kind === "error") {
    throw new ProbeFault("protocol", `${method}: the answer has an id that is not the request's`);
  }
  throw new ProbeFault("protocol", `${method}: a ${message?.kind} where the answer was expected`);
}

function invalid(id: unknown, why: string, isAnswer = false): Message {
  return { kind: "invalid", id, why, isAnswer };
}

function isId(id: unknown): id is string | number {
  return typeof id === "string" || (typeof id === "number" && Number.isFinite(id));
}

function isRpcError(error: unknown): error is JsonObject & RpcError {
  return isObject(error) && Number.isInteger(error.code) && typeof error.message === "string";
}
