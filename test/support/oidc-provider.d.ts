/** The little of oidc-provider that the tests use; the package brings no types of its own. */
declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    callback(): RequestListener;
    on(
      event: "grant.success" | "grant.error",
      listener: (context: { readonly oidc: { readonly params: Readonly<Record<string, unknown>> } }) => void,
    ): this;
  }
}
