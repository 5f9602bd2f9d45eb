import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { asRecord, isRecord, type JsonRecord } from "./json.ts";

/** How the engine writes a value that a preview cannot know yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A protobuf Struct as JSON; a missing one is an empty object. */
export function fromStruct(value: Struct | undefined): JsonRecord {
  return value === undefined ? {} : asRecord(value.toJavaScript());
}

/** JSON as a protobuf Struct; keys without a value are left out. */
export function toStruct(value: JsonRecord): Struct {
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)));
}

/** Whether anything inside the value is unknown yet. */
export function hasUnknown(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isRecord(value) ? Object.values(value).some(hasUnknown) : value === UNKNOWN;
}
