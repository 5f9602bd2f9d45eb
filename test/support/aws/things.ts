import { asRecord, type JsonRecord } from "../json.ts";
import type { Clients } from "./clients.ts";

/** What a resource type is made with: the entry of one type in the table. */
export interface Thing {
  /** Outputs that AWS makes up; a preview knows their names only. */
  readonly computed: readonly string[];
  /** Makes it and answers its id. */
  create(args: Wanted): Promise<string>;
  /** Changes it. @default `create`, for an API that puts. */
  update?(args: Existing): Promise<void>;
  /** What AWS says of it; undefined when it is gone. An exception that says so counts as gone too. */
  read(args: Existing): Promise<Found | undefined>;
  /** Ends it. An exception that says it is gone counts as done. */
  delete(args: Existing): Promise<void>;
  /** Its tags after it is made; `create` sets the first ones. */
  readonly tags?: Tagging;
}

/** Entries by type token (`aws:sns/topic:Topic`). */
export type Things = Readonly<Record<string, Thing>>;

export interface Wanted {
  readonly aws: Clients;
  /** The inputs, with the physical name in them. */
  readonly inputs: JsonRecord;
}

export interface Existing extends Wanted {
  readonly id: string;
}

export interface Found {
  /** What is said of the inputs, in their words; what it leaves out is taken to stand as it was asked for. */
  readonly inputs: JsonRecord;
  /** The outputs of `computed`. */
  readonly outputs: JsonRecord;
}

export type Tags = Readonly<Record<string, string>>;

/** How the tags of a type are asked for and changed; `arn` is the output of that name, else the id. */
export interface Tagging {
  list(args: Existing & { readonly arn: string }): Promise<Tags>;
  change(args: Existing & { readonly arn: string } & TagChange): Promise<void>;
}

export interface TagChange {
  /** Those that are new or have another value. */
  readonly added: Tags;
  /** Keys of those that go. */
  readonly removed: readonly string[];
  /** All that stand afterwards. */
  readonly all: Tags;
}

/** The `tags` input. */
export function tagsOf(inputs: JsonRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asRecord(inputs.tags)).map(([key, value]) => [key, String(value)]),
  );
}

/** Tags as most services write them. */
export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** The reverse of `tagList`. */
export function tagsIn(
  list: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] = [],
): Tags {
  return Object.fromEntries(list.map(({ Key = "", Value = "" }) => [Key, Value]));
}
