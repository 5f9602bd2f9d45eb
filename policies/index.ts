import { PolicyPack } from "@pulumi/policy";
import { POLICIES } from "./policies.ts";

// asks: `pulumi preview --policy-pack policies`; importing this file starts the pack's server, so tests import policies.ts
new PolicyPack("rollcall", { policies: [...POLICIES], enforcementLevel: "mandatory" });
