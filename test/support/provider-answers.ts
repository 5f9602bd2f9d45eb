import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import { type Change, differences, type JsonRecord } from "./json.ts";
import type { CheckFailure } from "./provider.ts";
import { toStruct } from "./provider-values.ts";

/** Secrets are taken as plain values: the engine marks the outputs that repeat them by itself. */
export function handshake(): pb.ProviderHandshakeResponse {
  return new provider.ProviderHandshakeResponse();
}

export function pluginInfo(version: string): PluginInfo {
  return new plugin.PluginInfo().setVersion(version);
}

/** Previews are answered too, so that a program sees in them what it will see later. */
export function configured(): pb.ConfigureResponse {
  return new provider.ConfigureResponse().setSupportspreview(true);
}

export function checked({
  inputs,
  failures,
}: {
  readonly inputs: JsonRecord;
  readonly failures: readonly CheckFailure[];
}): pb.CheckResponse {
  const response = new provider.CheckResponse().setInputs(toStruct(inputs));
  for (const { property, reason } of failures) {
    response.addFailures(new provider.CheckFailure().setProperty(property).setReason(reason));
  }
  return response;
}

export function unchanged(): pb.DiffResponse {
  return new provider.DiffResponse().setChanges(provider.DiffResponse.DiffChanges.DIFF_NONE);
}

/** Compares old and new inputs deeply; every differing path is in the answer. */
export function diffed({
  before,
  after,
  ignored,
  replaces,
  deleteBeforeReplace,
}: {
  readonly before: JsonRecord;
  readonly after: JsonRecord;
  readonly ignored: readonly string[];
  readonly replaces: (path: string) => boolean;
  readonly deleteBeforeReplace: boolean;
}): pb.DiffResponse {
  const changes = [...differences(before, after)].filter(([path]) => !ignored.includes(path));
  if (changes.length === 0) return unchanged();
  const response = new provider.DiffResponse()
    .setChanges(provider.DiffResponse.DiffChanges.DIFF_SOME)
    .setHasdetaileddiff(true)
    .setDeletebeforereplace(deleteBeforeReplace)
    .setDiffsList([...new Set(changes.map(([path]) => topKey(path)))])
    .setReplacesList([...new Set(changes.filter(([path]) => replaces(path)).map(([path]) => topKey(path)))]);
  for (const [path, change] of changes) {
    const kind = diffKind(change, replaces(path));
    response.getDetaileddiffMap().set(path, new provider.PropertyDiff().setKind(kind).setInputdiff(true));
  }
  return response;
}

export function created({
  id,
  outputs,
}: {
  readonly id: string;
  readonly outputs: JsonRecord;
}): pb.CreateResponse {
  return new provider.CreateResponse().setId(id).setProperties(toStruct(outputs));
}

export function updated({ outputs }: { readonly outputs: JsonRecord }): pb.UpdateResponse {
  return new provider.UpdateResponse().setProperties(toStruct(outputs));
}

/** An empty id tells the engine that the resource is gone. */
export function found(
  id: string,
  state: { readonly inputs: JsonRecord; readonly outputs: JsonRecord } | undefined,
): pb.ReadResponse {
  const response = new provider.ReadResponse();
  if (state === undefined) return response;
  return response.setId(id).setInputs(toStruct(state.inputs)).setProperties(toStruct(state.outputs));
}

export function invoked(result: JsonRecord): pb.InvokeResponse {
  return new provider.InvokeResponse().setReturn(toStruct(result));
}

function diffKind(change: Change, replace: boolean) {
  const { Kind } = provider.PropertyDiff;
  const kinds = {
    add: replace ? Kind.ADD_REPLACE : Kind.ADD,
    delete: replace ? Kind.DELETE_REPLACE : Kind.DELETE,
    update: replace ? Kind.UPDATE_REPLACE : Kind.UPDATE,
  };
  return kinds[change];
}

function topKey(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}
