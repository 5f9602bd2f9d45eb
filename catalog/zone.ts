import { z } from "zod";

/**
 * Names of the tz database that are not one capitalised word after another, and that `supportedValuesOf` leaves out: it
 * lists each zone by one name only.
 */
const IRREGULAR = [
  ...["UTC", "GMT", "Etc/UTC", "Etc/GMT"],
  ...["Australia/ACT", "Australia/LHI", "Australia/NSW", "America/Knox_IN"],
  "America/Argentina/ComodRivadavia",
];
const EXACT: ReadonlySet<string> = new Set([...Intl.supportedValuesOf("timeZone"), ...IRREGULAR]);
const IN_ANY_CASE: ReadonlySet<string> = new Set([...EXACT].map((zone) => zone.toLowerCase()));

/**
 * How the other names of a zone are spelled, such as Europe/Kyiv beside Europe/Kiev. Those without one of the world's
 * areas (EST, US/Pacific-New) are left to history: not every engine has them.
 */
const ALIAS =
  /^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)\/[A-Z][a-z]+(?:[/_-][A-Z][a-z]+)*$|^Etc\/GMT[+-]\d{1,2}$/;

/**
 * The name of a time zone, exactly as the tz database spells it: Node takes any case and offsets such as +02:00, but
 * CronJobs and Alertmanager open a file of this name, and AWS takes no other either.
 */
export const timeZone = z
  .string()
  .refine(isZone, "must be a time zone as the tz database spells it, such as Europe/Berlin");

function isZone(zone: string): boolean {
  if (EXACT.has(zone)) return true;
  return !IN_ANY_CASE.has(zone.toLowerCase()) && ALIAS.test(zone) && isKnown(zone);
}

/** Whether the machine's time zone data knows a name, in whatever case. */
function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
