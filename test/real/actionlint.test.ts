/** The workflows as GitHub would read them. Not proved here: that they run. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { tool } from "../support/toolchain.ts";

const FOLDER = join(import.meta.dirname, "..", "..", ".github", "workflows");

describeWithTools(["actionlint"], "the workflows", () => {
  it("are accepted by actionlint", async () => {
    const files = readdirSync(FOLDER).map((file) => join(FOLDER, file));
    expect(files.length).toBeGreaterThanOrEqual(4);
    expect(execFileSync(await tool("actionlint"), ["-no-color", ...files], { encoding: "utf8" })).toBe("");
  });

  it("are refused by actionlint when one of them is broken", async () => {
    const broken = readFileSync(join(FOLDER, "check.yaml"), "utf8").replace("runs-on:", "run-on:");
    const lint = async () =>
      execFileSync(await tool("actionlint"), ["-no-color", "-"], {
        input: broken,
        encoding: "utf8",
        stdio: "pipe",
      });
    await expect(lint()).rejects.toThrow();
  });

  it("give the code of a pull request no token that can write", () => {
    const preview = readFileSync(join(FOLDER, "preview.yaml"), "utf8");
    const [plan = "", comment = ""] = preview.split("\n  comment:\n");
    expect(preview).not.toContain("pull_request_target");
    expect(plan).not.toMatch(/: write/);
    expect(comment).toContain("pull-requests: write");
    expect(comment).not.toContain("checkout");
    expect(comment).not.toContain("npm");
  });
});
