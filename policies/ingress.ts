import type { StackValidationPolicy } from "@pulumi/policy";
import { listOf, ofType, propsOf, readable, type Subject, textOf } from "./resources.ts";

const URL = "aws:lambda/functionUrl:FunctionUrl";
const PERMISSION = "aws:lambda/permission:Permission";
const BUCKET = "aws:s3/bucket:Bucket";
const ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];
const SERVICE = "kubernetes:core/v1:Service";
const NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const EVERYWHERE = ["0.0.0.0/0", "::/0"];
/** The one door that is open: it answers nobody without a signed link that has not run out. */
const SIGNED = /-escalation-acknowledge$/;

/** Nothing of an environment is reached from everywhere but the page that acknowledges by a signed link. */
export const noPublicIngress: StackValidationPolicy = {
  name: "no-public-ingress",
  description: "No address is open to everybody, except the acknowledgement by a signed link.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources: found }, report) => {
    const resources = found.map(readable);
    for (const resource of resources) {
      const reason = openTo(resource);
      if (reason !== undefined) report(`${resource.name} ${reason}`, resource.urn);
    }
    const closed = ofType(resources, ACCESS).filter(({ props }) =>
      BLOCKS.every((one) => props[one] === true),
    );
    for (const { name, urn, props } of ofType(resources, BUCKET))
      if (!closed.some((one) => one.props.bucket === (props.id ?? props.bucket)))
        report(`${name} does not block public access in all four ways; add a BucketPublicAccessBlock`, urn);
  },
};

function openTo({ type, props }: Subject): string | undefined {
  switch (type) {
    case URL:
      return props.authorizationType === "NONE" && !SIGNED.test(textOf(props.functionName))
        ? "is a function address without a login; set authorizationType to AWS_IAM"
        : undefined;
    case PERMISSION:
      return props.principal === "*" && !SIGNED.test(textOf(props.function))
        ? "lets everybody invoke a function; name the service or the account"
        : undefined;
    case INGRESS:
      return "is an Ingress; servers are published by whoever runs the cluster's edge, not from here";
    case SERVICE: {
      const kind = textOf(propsOf(props.spec).type);
      return kind === "LoadBalancer" || kind === "NodePort"
        ? `is a Service of type ${kind}, which opens it beyond the cluster; use ClusterIP`
        : undefined;
    }
    case NETWORK: {
      const from = listOf(propsOf(props.spec).ingress).flatMap((rule) => listOf(propsOf(rule).from));
      const blocks = from.map((peer) => textOf(propsOf(propsOf(peer).ipBlock).cidr));
      return blocks.some((block) => EVERYWHERE.includes(block))
        ? "lets in every address; name the namespaces that call it"
        : undefined;
    }
    default:
      return undefined;
  }
}
