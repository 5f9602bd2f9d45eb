/** Time zones are names of the tz database in its own spelling, since every engine but Node's looks for exactly that. */
import { describe, expect, it } from "vitest";
import { timeZone } from "../../catalog/zone.ts";

const takes = (zone: string): boolean => timeZone.safeParse(zone).success;

describe("a time zone", () => {
  it("is every name that the runtime lists", () => {
    const listed = Intl.supportedValuesOf("timeZone");
    expect(listed.length).toBeGreaterThan(400);
    expect(listed.filter((zone) => !takes(zone))).toEqual([]);
  });

  it.each([
    ["UTC and its like", "UTC", "GMT", "Etc/UTC", "Etc/GMT", "Etc/GMT+12", "Etc/GMT-14"],
    ["both names of a renamed place", "Europe/Kyiv", "Europe/Kiev", "Asia/Kolkata", "Asia/Calcutta"],
    ["a name with particles or parts", "America/Port_of_Spain", "America/Argentina/Buenos_Aires"],
    ["an alias in capitals", "Australia/NSW", "America/Knox_IN", "Antarctica/McMurdo"],
  ])("is %s", (_, ...zones) => {
    expect(zones.filter((zone) => !takes(zone))).toEqual([]);
  });

  it.each([
    ["in another case", "europe/berlin", "EUROPE/BERLIN", "Europe/kyiv", "asia/Kolkata", "utc", "Etc/Utc"],
    ["of particles or capitals in another case", "America/Port_Of_Spain", "Australia/Nsw", "Etc/Gmt+5"],
    ["that is an offset", "+02:00", "-0330", "+02", "UTC+2", "GMT+2"],
    ["beyond the offsets of Etc", "Etc/GMT+13", "Etc/GMT-15"],
    ["of an abbreviation or a country, which not every engine has", "EST", "IST", "US/Pacific-New"],
    ["of no place", "Europe/Berlim", "Mars/Olympus", "Etc/Unknown", "Europe", " Europe/Berlin", ""],
  ])("is no name %s", (_, ...zones) => {
    expect(zones.filter(takes)).toEqual([]);
  });

  it("says how to write it", () => {
    expect(timeZone.safeParse("europe/berlin").error?.issues[0]?.message).toBe(
      "must be a time zone as the tz database spells it, such as Europe/Berlin",
    );
  });
});
