import * as pulumi from "@pulumi/pulumi";
import { McpServer as Server } from "../components/mcp-server.ts";
import { checked } from "./checked.ts";
import { token } from "./names.ts";
import { workloadOf, workloadSchema } from "./workload.ts";

/** Pods of a namespace, or a range of addresses. */
export interface Caller {
  /** Namespace of the pods. */
  readonly namespace?: string;
  /** Value of the label app of the pods; all pods of the namespace when left out. */
  readonly app?: string;
  /** Range of addresses, such as 10.1.0.0/16, instead of a namespace. */
  readonly cidr?: string;
}

/** Pods of a namespace, a range of addresses, or every public address. */
export interface Destination {
  /** Namespace of the pods. */
  readonly namespace?: string;
  /** Value of the label app of the pods; all pods of the namespace when left out. */
  readonly app?: string;
  /** Range of addresses, such as 10.1.0.0/16, instead of a namespace. */
  readonly cidr?: string;
  /** True for every public address, instead of a namespace or a range; no private address is among them. */
  readonly world?: boolean;
}

/** Where a server may connect to. */
export interface Connection {
  /** The other end; exactly one of namespace, cidr and world. */
  readonly to: Destination;
  /** TCP ports of the other end; 53 is opened for UDP as well. */
  readonly ports: number[];
}

// lists of arguments are not readonly: the SDK's analyzer knows Array only
export interface McpServerArgs {
  /** Name of the environment, which every object carries as a label. */
  readonly environment: string;
  /** Name of the server: of its Deployment, its Service and the label app of its pods. A DNS label that starts with a letter. */
  readonly server: string;
  /** The namespace that it runs in; it has to exist. */
  readonly namespace: pulumi.Input<string>;
  /** Container image, pinned by its digest. */
  readonly image: string;
  /** Port that the server listens on, 1024 or more. 8000 when left out. */
  readonly port?: number;
  /** Replicas that always run, 1 to 500. 1 when left out; from 2 on they survive a drained node. */
  readonly replicasMin?: number;
  /** Replicas under load; as many as replicasMin when left out, and then their number is fixed. */
  readonly replicasMax?: number;
  /** Percent of the CPU that its pods ask for, above which replicas are added, 10 to 100. 70 when left out. */
  readonly scaleAtPercent?: number;
  /** Path that says whether the process is alive, whatever it depends on: a pod that fails it is restarted. Whether the port is open when left out. */
  readonly healthPath?: string;
  /** Path that says whether it can serve: a pod that fails it is not called. Whether the port is open when left out. */
  readonly readyPath?: string;
  /** CPU that a pod asks for, in Kubernetes' units. 100m when left out; there is no limit. */
  readonly cpu?: string;
  /** Memory that a pod asks for, in Kubernetes' units. 256Mi when left out. */
  readonly memory?: string;
  /** Memory that a pod may use, in Kubernetes' units. 512Mi when left out. */
  readonly memoryLimit?: string;
  /** Arguments of the container. None when left out. */
  readonly args?: string[];
  /** Environment variables with their values; a value that looks like a secret is refused. */
  readonly env?: Record<string, string>;
  /** Environment variables with the key of a Secret of the namespace that holds their value, as secret-name/key. */
  readonly secretEnv?: Record<string, string>;
  /** Who may call it, besides Rollcall's probe. Nobody when left out. */
  readonly callers?: Caller[];
  /** Where it may connect to, besides the cluster's DNS. Nowhere when left out. */
  readonly egress?: Connection[];
  /** Whether a client stays with the pod that it began with, because sessions live in the pod. False when left out. */
  readonly sticky?: boolean;
  /** Whether a headless Service names every pod, to ask them one by one. False when left out. */
  readonly perPod?: boolean;
  /** Seconds until a start or a rollout that does not come up counts as failed. 300 when left out. */
  readonly deployTimeoutSeconds?: number;
}

/**
 * One MCP server in the cluster of the Kubernetes provider, hardened: a Deployment that Pod Security restricted admits, a
 * Service, a NetworkPolicy that allows what is named and nothing else, a ServiceAccount without a token, and for several
 * replicas a PodDisruptionBudget and a HorizontalPodAutoscaler.
 */
export class McpServer extends pulumi.ComponentResource {
  /** Address of the server inside the cluster, without a path. */
  readonly origin: pulumi.Output<string>;

  constructor(name: string, args: McpServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("McpServer"), name, {}, opts);
    const { environment, ...workload } = checked({
      component: this,
      schema: workloadSchema,
      args,
      later: { namespace: "mcp" },
    });
    const { namespace } = args;
    const plan = workloadOf(workload);
    const { origin } = new Server(name, { environment, plan, namespace }, { parent: this });
    this.origin = origin;
    this.registerOutputs({ origin });
  }
}
