import { FunctionUrl } from "@pulumi/aws/lambda/functionUrl.js";
import { Permission } from "@pulumi/aws/lambda/permission.js";
import * as pulumi from "@pulumi/pulumi";

export interface AcknowledgeDoorArgs {
  /** Name of the function that takes acknowledgements. */
  readonly functionName: pulumi.Input<string>;
}

/**
 * The one address of an environment that the world may call. A phone that was woken has no credentials of AWS, so the
 * door asks for none: the function behind it refuses every request without a link that it can verify.
 */
export class AcknowledgeDoor extends pulumi.ComponentResource {
  /** The address, which ends with a slash; using it makes a resource wait until it may be called. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: AcknowledgeDoorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:AcknowledgeDoor", name, {}, opts);
    const { functionName } = args;
    const door = new FunctionUrl(
      `${name}-url`,
      { functionName, authorizationType: "NONE" },
      { parent: this },
    );
    const everybody = { function: functionName, principal: "*" } as const;
    // since October 2025 a Function URL needs both
    const call = new Permission(
      `${name}-call-url`,
      { ...everybody, action: "lambda:InvokeFunctionUrl", functionUrlAuthType: "NONE" },
      { parent: this },
    );
    const invoke = new Permission(
      `${name}-call`,
      { ...everybody, action: "lambda:InvokeFunction", invokedViaFunctionUrl: true },
      { parent: this },
    );
    this.url = pulumi.all([door.functionUrl, call.id, invoke.id]).apply(([url]) => url);
    this.registerOutputs({ url: this.url });
  }
}
