import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type {
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  InvokeRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { messageOf } from "../../catalog/errors.ts";
import type { JsonRecord } from "./json.ts";
import * as answers from "./provider-answers.ts";
import { fromStruct } from "./provider-values.ts";

/** One resource as the engine names it. */
export interface Subject {
  readonly urn: string;
  /** `aws:sns/topic:Topic`, `kubernetes:core/v1:Namespace`. */
  readonly type: string;
  /** The name in the program, the last part of the urn. */
  readonly name: string;
}

/** One input that the provider refuses before anything is made. */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/**
 * What a stand-in provider does with resources, over plain JSON. Unknown values of a preview are the string
 * UNKNOWN; assets and archives are objects that come back as they came. Anything thrown becomes the error of
 * that resource.
 */
export interface Behaviour {
  readonly version: string;
  check(
    args: Subject & { readonly oldInputs: JsonRecord; readonly inputs: JsonRecord },
  ): Promise<{ readonly inputs: JsonRecord; readonly failures: readonly CheckFailure[] }>;
  /** Whether a change of the input at this path (`metadata.name`) needs a new resource. */
  replaces(args: { readonly type: string; readonly path: string }): boolean;
  /** Whether the old one must go first, because both would have the same name. */
  deletesBeforeReplace(args: { readonly type: string; readonly inputs: JsonRecord }): boolean;
  create(
    args: Subject & { readonly inputs: JsonRecord; readonly preview: boolean },
  ): Promise<{ readonly id: string; readonly outputs: JsonRecord }>;
  update(
    args: Subject & { readonly id: string; readonly inputs: JsonRecord; readonly preview: boolean },
  ): Promise<{ readonly outputs: JsonRecord }>;
  /** What stands now, or undefined when it is gone. */
  read(
    args: Subject & { readonly id: string; readonly inputs: JsonRecord },
  ): Promise<{ readonly inputs: JsonRecord; readonly outputs: JsonRecord } | undefined>;
  delete(args: Subject & { readonly id: string; readonly inputs: JsonRecord }): Promise<void>;
  invoke(args: { readonly token: string; readonly args: JsonRecord }): Promise<JsonRecord>;
}

/** A provider that the engine can attach to: `PULUMI_DEBUG_PROVIDERS=aws:<port>`. */
export interface RunningProvider {
  readonly port: number;
  stop(): Promise<void>;
}

/** Serves a behaviour to the Pulumi engine by the provider protocol, on a free port of 127.0.0.1. */
export async function serveProvider(behaviour: Behaviour): Promise<RunningProvider> {
  // Lambda bundles and dashboards pass the 4 MB that gRPC takes by default.
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, { ...lifecycle(behaviour), ...resources(behaviour) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        // Calls of an engine that is gone would hold a graceful shutdown for ever.
        server.forceShutdown();
        resolve();
      }),
  };
}

/** Methods that are missing here (getSchema, parameterize, construct, call …) answer UNIMPLEMENTED. */
function lifecycle({ version }: Behaviour) {
  const nothing = unary(async () => new empty.Empty());
  return {
    handshake: unary(async () => answers.handshake()),
    getPluginInfo: unary(async () => answers.pluginInfo(version)),
    attach: nothing,
    cancel: nothing,
    checkConfig: unary(async (request: CheckRequest) =>
      answers.checked({ inputs: fromStruct(request.getNews()), failures: [] }),
    ),
    diffConfig: unary(async () => answers.unchanged()),
    configure: unary(async () => answers.configured()),
  };
}

function resources(behaviour: Behaviour) {
  return {
    check: unary(async (request: CheckRequest) => {
      const oldInputs = fromStruct(request.getOlds());
      const inputs = fromStruct(request.getNews());
      return answers.checked(await behaviour.check({ ...subject(request.getUrn()), oldInputs, inputs }));
    }),
    diff: unary(async (request: DiffRequest) => {
      const { type } = subject(request.getUrn());
      const inputs = fromStruct(request.getNews());
      return answers.diffed({
        before: fromStruct(request.getOldInputs()),
        after: inputs,
        ignored: request.getIgnorechangesList(),
        replaces: (path) => behaviour.replaces({ type, path }),
        deleteBeforeReplace: behaviour.deletesBeforeReplace({ type, inputs }),
      });
    }),
    create: unary(async (request: CreateRequest) => {
      const inputs = fromStruct(request.getProperties());
      const preview = request.getPreview();
      return answers.created(await behaviour.create({ ...subject(request.getUrn()), inputs, preview }));
    }),
    update: unary(async (request: UpdateRequest) => {
      const inputs = fromStruct(request.getNews());
      const place = { ...subject(request.getUrn()), id: request.getId() };
      return answers.updated(await behaviour.update({ ...place, inputs, preview: request.getPreview() }));
    }),
    read: unary(async (request: ReadRequest) => {
      const id = request.getId();
      const inputs = fromStruct(request.getInputs());
      return answers.found(id, await behaviour.read({ ...subject(request.getUrn()), id, inputs }));
    }),
    delete: unary(async (request: DeleteRequest) => {
      const inputs = fromStruct(request.getOldInputs());
      await behaviour.delete({ ...subject(request.getUrn()), id: request.getId(), inputs });
      return new empty.Empty();
    }),
    invoke: unary(async (request: InvokeRequest) =>
      answers.invoked(
        await behaviour.invoke({ token: request.getTok(), args: fromStruct(request.getArgs()) }),
      ),
    ),
  };
}

/** A gRPC handler of a function that returns a promise; a rejection becomes the error's message. */
function unary<Request, Response>(answer: (request: Request) => Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
    answer(call.request).then(
      (response) => done(null, response),
      (error: unknown) => done({ code: status.UNKNOWN, details: messageOf(error) }),
    );
  };
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`. */
function subject(urn: string): Subject {
  const [, , types = "", ...name] = urn.split("::");
  return { urn, type: types.split("$").at(-1) ?? "", name: name.join("::") };
}
