import { z } from "zod";

/** The name of a time zone of the IANA database. */
export const timeZone = z.string().refine(isZone, "must be a time zone, such as Europe/Berlin");

/** Whether the machine's time zone data knows a name. */
function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
