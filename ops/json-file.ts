import { readFileSync } from "node:fs";
import { catalogError, messageOf, type Problem } from "../catalog/errors.ts";

type Place = Pick<Problem, "place" | "path">;

/** The bytes of a file. Throws a RollcallError (catalog, exit 65) that names it where it cannot be read. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw catalogError([
      {
        place: path,
        path: "",
        rule: `cannot be read (${messageOf(error)})`,
        cure: "name a file that exists",
      },
    ]);
  }
}

/** JSON from bytes, with or without a byte order mark; what is none is refused at its place (exit 65). */
export function parseJson(bytes: Buffer, at: Place): unknown {
  let text: string;
  try {
    text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw catalogError([{ ...at, rule: `is too large (${messageOf(error)})`, cure: "split it" }]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const [, position] = /position (\d+)/.exec(messageOf(error)) ?? [];
    const where = position === undefined ? "" : ` (at character ${position})`;
    throw catalogError([{ ...at, rule: `is not JSON${where}`, cure: "mend it, or write it anew" }]);
  }
}
