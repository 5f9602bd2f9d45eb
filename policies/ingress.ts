import type { StackValidationPolicy } from "@pulumi/policy";
import { isWorld } from "./addresses.ts";
import { listOf, ofType, type Props, propsOf, readable, type Subject, textOf, UNKNOWN } from "./resources.ts";

const URL = "aws:lambda/functionUrl:FunctionUrl";
const PERMISSION = "aws:lambda/permission:Permission";
const BUCKET = "aws:s3/bucket:Bucket";
const ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];
const SERVICE = "kubernetes:core/v1:Service";
const NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const HTTP_API = "aws:apigatewayv2/api:Api";
const REST_API = "aws:apigateway/restApi:RestApi";
const GROUPS = ["aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"];
const GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const OPEN_GROUP = "lets in the addresses of the world; name the block or the security group that calls it";
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
    case NETWORK:
      return listOf(propsOf(props.spec).ingress).some(letsInAnybody)
        ? "lets in every address; name the namespaces that call it"
        : undefined;
    case HTTP_API:
      return "is an API of API Gateway, which the world can call; use a function address with AWS_IAM";
    case REST_API:
      return listOf(propsOf(props.endpointConfiguration).types).includes("PRIVATE")
        ? undefined
        : "is an API of API Gateway, which the world can call; set endpointConfiguration.types to PRIVATE";
    default:
      return groupRules(type, props).flatMap(blocksOf).some(isWorld) ? OPEN_GROUP : undefined;
  }
}

/** A rule of a network policy without a peer means every peer there is. */
function letsInAnybody(rule: unknown): boolean {
  if (rule === UNKNOWN) return false;
  const from = listOf(propsOf(rule).from);
  return from.length === 0 || from.some((peer) => isWorld(textOf(propsOf(propsOf(peer).ipBlock).cidr)));
}

/** The rules of a security group by which something comes in, in whichever of its forms they are written. */
function groupRules(type: string, props: Props): readonly Props[] {
  if (GROUPS.includes(type)) return listOf(props.ingress).map(propsOf);
  if (type === INGRESS_RULE) return [props];
  return type === GROUP_RULE && props.type === "ingress" ? [props] : [];
}

function blocksOf({ cidrBlocks, ipv6CidrBlocks, cidrIpv4, cidrIpv6 }: Props): string[] {
  return [cidrBlocks, ipv6CidrBlocks, cidrIpv4, cidrIpv6].flatMap(listOf).map(textOf);
}
