import type { Policies } from "@pulumi/policy";
import { costUnderCeiling } from "./cost.ts";
import { encryptedEverywhere } from "./encryption.ts";
import { noPublicIngress } from "./ingress.ts";
import { bearablePromises, watchedServers } from "./promises.ts";
import { retainedEverywhere } from "./retention.ts";
import { noWildcardAction } from "./rights.ts";

/** Every policy of the pack: what a reviewer would have to look for in each preview otherwise. */
export const POLICIES: Policies = [
  watchedServers,
  bearablePromises,
  retainedEverywhere,
  encryptedEverywhere,
  noPublicIngress,
  noWildcardAction,
  costUnderCeiling,
];
