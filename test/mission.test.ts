/** The mission as data. Not proved here: that a test which claims a row proves it well. */
import { describe, expect, it } from "vitest";
import {
  claimsIn,
  missionReport,
  readClaims,
  readMission,
  unclaimed,
  unknownClaims,
} from "./support/mission.ts";

describe("the mission", () => {
  const rows = readMission();
  const claims = readClaims();

  it("has every row once", () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  it("knows every row that a test claims", () => {
    expect(unknownClaims(rows, claims)).toEqual([]);
  });

  it("has a test for each row of the part that stands", () => {
    expect(unclaimed(rows, claims).filter(({ part }) => part === "whole")).toEqual([]);
  });

  it("notices a claim of a row that does not exist, and prints what is open", () => {
    const made = claimsIn(
      'it("[NONE-01] does more than was promised", () => {});\nit.each([1])("[CARD-01] of %s", () => {});',
      "some.test.ts",
    );
    expect(made).toEqual([
      { id: "NONE-01", file: "some.test.ts" },
      { id: "CARD-01", file: "some.test.ts" },
    ]);
    expect(unknownClaims(rows, made)).toEqual([{ id: "NONE-01", file: "some.test.ts" }]);
    expect(missionReport(rows, made)).toContain("whole: 1 of");
  });
});
