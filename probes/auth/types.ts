import type { Authorizer } from "../http/types.ts";

/** Puts one set of credentials to requests, and knows when they run out. */
export interface CredentialAuthorizer extends Authorizer {
  /**
   * When somebody must renew the credentials by hand; null when nothing says so, or when they renew
   * themselves. Throws a ProbeFault of class auth when they cannot be read.
   */
  expiry(): Promise<Date | null>;
  /** The latest secret values that were handled, for a redactor. */
  secrets(): readonly string[];
}
