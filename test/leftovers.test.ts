/** What the tests of whole environments count as left behind. Not proved here: the emulator itself, which test/real starts. */
import { describe, expect, it } from "vitest";
import { openClients } from "./support/aws/clients.ts";
import { dashboardNames } from "./support/aws/leftovers.ts";
import { serve } from "./support/faulty/http.ts";

describe("what an emulator holds", () => {
  it("has every dashboard in it, whatever its name, though its time is written as text", async () => {
    // as the emulator answers
    const entry = (name: string) => ({
      DashboardName: name,
      DashboardArn: `arn:aws:cloudwatch::123456789012:dashboard/${name}`,
      Size: 12,
      LastModified: "2026-11-21T08:00:00.000000+00:00",
    });
    const names = ["rollcall-staging-overview", "rollcall-staging-overview-2"];
    const asked: string[] = [];
    await using emulator = await serve((request, response) => {
      asked.push(String(request.headers["x-amz-target"]));
      response
        .writeHead(200, { "content-type": "application/x-amz-json-1.0" })
        .end(JSON.stringify({ DashboardEntries: names.map(entry) }, null, 1));
    });
    const { cloudwatch } = openClients({ endpoint: emulator.origin });
    expect(await dashboardNames(cloudwatch)).toEqual(names);
    expect(asked).toEqual([expect.stringMatching(/\.ListDashboards$/)]);
  });
});
