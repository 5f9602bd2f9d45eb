import { createHash } from "node:crypto";
import {
  AddPermissionCommand,
  type AddPermissionCommandInput,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionEventInvokeConfigCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  type PutFunctionEventInvokeConfigCommandInput,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { asArray, asNumber, asRecord, asString, type JsonRecord } from "../json.ts";
import { codeZip } from "./code.ts";
import { type Existing, type Things, tagsOf, type Wanted } from "./things.ts";
import { inputWords, text, without, words } from "./words.ts";

const WORDS = { kmsKeyArn: "KMSKeyArn", name: "FunctionName", principalOrgId: "PrincipalOrgID" };
/** Inputs that other calls take, or none. */
const APART = ["code", "environment", "publish", "reservedConcurrentExecutions", "skipDestroy", "tags"];
const URL_WORDS = { authorizationType: "AuthType" };

/** Functions with what decides how they are called. */
export const LAMBDA: Things = {
  "aws:lambda/function:Function": {
    computed: ["arn", "codeSha256", "invokeArn", "lastModified", "qualifiedArn", "version"],
    create: async ({ aws, inputs }) => {
      await aws.lambda.send(
        new CreateFunctionCommand({
          ...words<CreateFunctionCommandInput>(without(inputs, ...APART), WORDS),
          ...environment(inputs),
          Code: { ZipFile: await codeZip(inputs.code) },
          Tags: tagsOf(inputs),
        }),
      );
      await limit({ aws, inputs });
      return text(inputs.name);
    },
    update: async ({ aws, id, inputs }) => {
      const ZipFile = await codeZip(inputs.code);
      const { Configuration } = await aws.lambda.send(new GetFunctionCommand({ FunctionName: id }));
      if (Configuration?.CodeSha256 !== createHash("sha256").update(ZipFile).digest("base64"))
        await aws.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: id, ZipFile }));
      await aws.lambda.send(
        new UpdateFunctionConfigurationCommand({
          ...words<UpdateFunctionConfigurationCommandInput>(
            without(inputs, ...APART, "architectures", "packageType"),
            WORDS,
          ),
          ...environment(inputs),
        }),
      );
      await limit({ aws, inputs });
    },
    read: async ({ aws, id }) => {
      const asked = new GetFunctionCommand({ FunctionName: id });
      const { Configuration = {}, Concurrency } = await aws.lambda.send(asked);
      const { FunctionArn: arn = "", Version: version, Environment, ...rest } = Configuration;
      return {
        inputs: {
          ...inputWords(rest, WORDS),
          environment: { variables: Environment?.Variables },
          reservedConcurrentExecutions: Concurrency?.ReservedConcurrentExecutions ?? -1,
        },
        outputs: {
          arn,
          codeSha256: rest.CodeSha256,
          invokeArn: `arn:aws:apigateway:${arn.split(":")[3]}:lambda:path/2015-03-31/functions/${arn}/invocations`,
          lastModified: rest.LastModified,
          qualifiedArn: `${arn}:${version}`,
          version,
        },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.lambda.send(new DeleteFunctionCommand({ FunctionName: id }));
    },
    tags: {
      list: async ({ aws, id }) =>
        (await aws.lambda.send(new GetFunctionCommand({ FunctionName: id }))).Tags ?? {},
      change: async ({ aws, arn, added, removed }) => {
        const Resource = arn;
        if (removed.length > 0)
          await aws.lambda.send(new UntagResourceCommand({ Resource, TagKeys: [...removed] }));
        await aws.lambda.send(new TagResourceCommand({ Resource, Tags: { ...added } }));
      },
    },
  },
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
    computed: [],
    create: async ({ aws, inputs }) => {
      const config = words<PutFunctionEventInvokeConfigCommandInput>(inputs);
      await aws.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
      return text(inputs.functionName);
    },
    read: async ({ aws, inputs }) => {
      const found = await aws.lambda.send(new GetFunctionEventInvokeConfigCommand(qualified(inputs)));
      return { inputs: without(inputWords(found), "functionArn"), outputs: {} };
    },
    delete: async ({ aws, inputs }) => {
      await aws.lambda.send(new DeleteFunctionEventInvokeConfigCommand(qualified(inputs)));
    },
  },
  "aws:lambda/functionUrl:FunctionUrl": {
    computed: ["functionArn", "functionUrl", "urlId"],
    create: async ({ aws, inputs }) => {
      const config = words<CreateFunctionUrlConfigCommandInput>(inputs, URL_WORDS);
      await aws.lambda.send(new CreateFunctionUrlConfigCommand(config));
      return text(inputs.functionName);
    },
    update: async ({ aws, inputs }) => {
      const config = words<CreateFunctionUrlConfigCommandInput>(inputs, URL_WORDS);
      await aws.lambda.send(new UpdateFunctionUrlConfigCommand(config));
    },
    read: async ({ aws, inputs }) => {
      const found = await aws.lambda.send(new GetFunctionUrlConfigCommand(qualified(inputs)));
      const { FunctionArn: functionArn, FunctionUrl: functionUrl, ...rest } = found;
      const urlId = new URL(text(functionUrl)).hostname.split(".")[0];
      return { inputs: inputWords(rest, URL_WORDS), outputs: { functionArn, functionUrl, urlId } };
    },
    delete: async ({ aws, inputs }) => {
      await aws.lambda.send(new DeleteFunctionUrlConfigCommand(qualified(inputs)));
    },
  },
  "aws:lambda/permission:Permission": {
    computed: [],
    create: async ({ aws, inputs }) => {
      const permission = words<AddPermissionCommandInput>(inputs, { ...WORDS, function: "FunctionName" });
      await aws.lambda.send(new AddPermissionCommand(permission));
      return text(inputs.statementId);
    },
    read: async ({ aws, id, inputs }) => {
      const asked = { ...qualified(inputs), FunctionName: text(inputs.function) };
      const { Policy = "{}" } = await aws.lambda.send(new GetPolicyCommand(asked));
      const found = asArray(asRecord(JSON.parse(Policy)).Statement).some((one) => asRecord(one).Sid === id);
      return found ? { inputs: {}, outputs: {} } : undefined;
    },
    delete: async ({ aws, id, inputs }) => {
      const permission = { ...qualified(inputs), FunctionName: text(inputs.function), StatementId: id };
      await aws.lambda.send(new RemovePermissionCommand(permission));
    },
  },
};

/** The names of variables are data: they stay as they are. */
function environment(inputs: JsonRecord): {
  readonly Environment: { readonly Variables: Record<string, string> };
} {
  const variables = Object.entries(asRecord(asRecord(inputs.environment).variables));
  return {
    Environment: { Variables: Object.fromEntries(variables.map(([key, value]) => [key, String(value)])) },
  };
}

async function limit({ aws, inputs }: Wanted): Promise<void> {
  const FunctionName = text(inputs.name);
  const reserved = asNumber(inputs.reservedConcurrentExecutions) ?? -1;
  await (reserved < 0
    ? aws.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
    : aws.lambda.send(
        new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: reserved }),
      ));
}

function qualified({ functionName, qualifier }: Existing["inputs"]) {
  const Qualifier = asString(qualifier);
  return { FunctionName: asString(functionName), ...(Qualifier === undefined ? {} : { Qualifier }) };
}
