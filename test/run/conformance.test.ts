import { describe, expect, it } from "vitest";
import { twoAtATime } from "../support/cli.ts";
import { clientScenarios, type Judgement, judgeScenario } from "../support/conformance.ts";

/**
 * The MCP conformance suite (0.1.16) against the probe as a client. What a probe has no use for fails by its
 * checks' ids and with its reason: a probe answers nobody's questions, registers nowhere and opens no browser. A
 * scenario of a newer suite that is in neither list fails the test.
 */

const PASSED = [
  "initialize",
  "tools_call",
  "sse-retry",
  "auth/pre-registration",
  "auth/resource-mismatch",
  "auth/client-credentials-jwt",
  "auth/client-credentials-basic",
] as const;

const NO_ELICITATION = "a probe has nobody whom it could ask for input";
const NO_BROWSER = "the grant with a browser; a probe is registered beforehand and asks for its token itself";
const OTHER_ISSUER =
  "metadata that names another issuer than was asked, which RFC 8414, section 3.3, forbids to use";
const NO_METADATA = "an authorization server without metadata, whose addresses would have to be guessed";
const NO_EXCHANGE = "the exchange of an identity provider's token, which needs a person's sign-in";

/** Scenarios that are passed but for the checks named, and why those do not apply. */
const NOT_APPLICABLE: Readonly<Record<string, { readonly checks: readonly string[]; readonly why: string }>> =
  {
    "elicitation-sep1034-client-defaults": {
      checks: ["boolean", "enum", "integer", "number", "string"].map(
        (type) => `client-elicitation-sep1034-${type}-default`,
      ),
      why: NO_ELICITATION,
    },
    ...browserOnly("metadata-default", "authorization-request", "client-registration"),
    ...browserOnly("metadata-var1", "authorization-request", "client-registration"),
    ...browserOnly("metadata-var2", "authorization-request", "client-registration"),
    ...browserOnly("metadata-var3", "authorization-request", "client-registration"),
    ...browserOnly("basic-cimd", "cimd-client-id-used"),
    ...browserOnly("scope-from-www-authenticate", "scope-from-www-authenticate"),
    ...browserOnly("scope-from-scopes-supported", "scope-from-scopes-supported"),
    ...browserOnly("scope-omitted-when-undefined", "scope-omitted-when-undefined"),
    ...browserOnly("scope-step-up", "scope-step-up-escalation", "scope-step-up-initial"),
    ...browserOnly("scope-retry-limit", "scope-retry-limit"),
    ...browserOnly("token-endpoint-auth-basic", "resource-parameter-in-authorization"),
    ...browserOnly("token-endpoint-auth-post", "resource-parameter-in-authorization"),
    ...browserOnly(
      "token-endpoint-auth-none",
      "resource-parameter-in-authorization",
      "token-endpoint-auth-method",
    ),
    "auth/2025-03-26-oauth-metadata-backcompat": {
      checks: ["authorization-request", "client-registration", "token-request"],
      why: OTHER_ISSUER,
    },
    "auth/2025-03-26-oauth-endpoint-fallback": {
      checks: ["authorization-request", "client-registration", "token-request"],
      why: NO_METADATA,
    },
    ...browserOnly("offline-access-scope", "sep-2207-offline-access-requested"),
    ...browserOnly("offline-access-not-supported", "sep-2207-offline-access-not-requested"),
    "auth/cross-app-access-complete-flow": {
      checks: ["complete-flow-jwt-bearer", "complete-flow-token-exchange"],
      why: NO_EXCHANGE,
    },
  };

describe("the conformance suite for clients", () => {
  it("is passed, but for checks that are no business of a probe", async () => {
    const scenarios = await clientScenarios();
    expect([...scenarios].sort(byName)).toEqual([...PASSED, ...Object.keys(NOT_APPLICABLE)].sort(byName));
    const judged = await twoAtATime(scenarios, judgeScenario);
    const failed = judged.map(({ scenario, failed }) => [scenario, failed]);
    expect(failed, logsOf(judged)).toEqual(
      scenarios.map((name) => [name, NOT_APPLICABLE[name]?.checks ?? []]),
    );
    for (const { scenario, passed, log } of judged) {
      const why = NOT_APPLICABLE[scenario]?.why;
      // of these, all that a probe has a use for must have been played
      if (why === undefined || why === NO_BROWSER)
        expect(passed.length, `${scenario}: ${log}`).toBeGreaterThan(0);
    }
  });
});

function browserOnly(name: string, ...checks: string[]): Record<string, { checks: string[]; why: string }> {
  return { [`auth/${name}`]: { checks, why: NO_BROWSER } };
}

/** What the scenarios printed that did not go as they should. */
function logsOf(judged: readonly Judgement[]): string {
  const wrong = judged.filter(({ scenario, failed }) => {
    const expected = NOT_APPLICABLE[scenario]?.checks ?? [];
    return failed.join() !== expected.join();
  });
  return wrong.map(({ scenario, log }) => `${scenario}\n${log}`).join("\n\n");
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
