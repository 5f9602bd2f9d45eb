import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { only, record } from "../support/pulumi-mocks.ts";

test("the Pulumi program provisions the environment that has the stack's name, with the real bundle", async () => {
  let outputs: Record<string, unknown> = {};
  let statusUrl: unknown;
  const resources = await record(async () => {
    const stack = await import("../../stacks/index.ts");
    outputs = stack;
    pulumi.output(stack.statusUrl).apply((url) => {
      statusUrl = url;
    });
  }, "staging");
  const { inputs } = only(resources, "aws:lambda/function:Function", "rollcall-probe-function");
  expect(inputs.name).toBe("rollcall-staging-probe");
  const { "index.mjs": file, "roster.json": roster } = await inputs.code.assets;
  const { handler } = await import(await file.path);
  expect(handler).toBeTypeOf("function");
  expect(JSON.parse(await roster.text)).toMatchObject({ environment: "staging" });
  expect(new Set(Object.keys(outputs))).toEqual(
    new Set(["catalog", "topicArns", "dashboards", "buckets", "statusUrl"]),
  );
  expect(statusUrl).toBe("https://rollcall-staging-status.lambda-url.test/");
}, 120_000);

test("a catalog that cannot be loaded stops the program with its places and cures, and no stack trace", async () => {
  const { program } = await import("../../stacks/program.ts");
  const root = await mkdtemp(join(tmpdir(), "rollcall-program-"));
  const failure = await record(() => program(root), "staging").catch((error: unknown) => error);
  await rm(root, { recursive: true });
  expect(pulumi.RunError.isInstance(failure)).toBe(true);
  expect(String(failure)).toContain("stacks/staging.yaml: there is no environment");
});
