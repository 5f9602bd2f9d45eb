import type { Problem } from "./errors.ts";
import { isMap } from "./json.ts";
import { formatPath, type Path, pathKey, type YamlFile } from "./yaml.ts";

/** Names of variables and keys whose value is a secret, whatever it looks like. */
const SECRET_NAME =
  /(token|secrets?|passw(or)?ds?|passphrase|api_?keys?|access_?keys?|private_?keys?|credentials?)$/i;

/**
 * Shapes that only secrets have: provider tokens, private keys, credentials in an address or an argument. They are run
 * over every line of a server's log, so none may take longer than the line is long.
 */
const SECRET_VALUE = [
  /\bgh[pousr]_[A-Za-z0-9]{16,}/,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bsk-[A-Za-z0-9_-]{20,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // a quotation mark ends the address: what follows is another value of a JSON object
  /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"]+:[^\s/@"]+@/i,
  /^--?[a-z-]*(token|secret|passw(or)?d|api-?key)=.+/i,
  /(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/,
];
/** The same shapes, wherever they stand in a text. */
const EVERYWHERE = SECRET_VALUE.map((shape) => new RegExp(shape, `g${shape.flags}`));

/** Every literal secret in a file of the catalog. The problem never repeats the value. */
export function findLiteralSecrets(file: YamlFile): Problem[] {
  return walk(file.value, []).map((path) => ({
    place: `${file.file}:${file.places.get(pathKey(path)) ?? "1:1"}`,
    path: formatPath(path),
    rule: "holds a literal secret",
    cure: "write a reference instead: { env: NAME }, { file: path }, { aws: name } or { kubernetes: name/key }; and revoke the value, it has been in the repository",
  }));
}

/** A message without whatever in it has the shape of a secret. */
export function censored(text: string): string {
  return EVERYWHERE.reduce((rest, shape) => rest.replaceAll(shape, "…"), text);
}

function walk(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => walk(item, [...path, index]));
  if (isMap(value)) return Object.entries(value).flatMap(([key, inner]) => walk(inner, [...path, key]));
  return isSecret(value, path) ? [path] : [];
}

/** Whether a text or a number is a secret by its own shape, or by the variable that it is given to. */
export function isSecret(value: unknown, path: Path): boolean {
  if (typeof value !== "string" && typeof value !== "number") return false;
  const text = String(value);
  if (SECRET_VALUE.some((shape) => shape.test(text))) return true;
  // only an `env` map names variables; elsewhere a key such as `secret` is the schema's business
  const variable = path.at(-2) === "env" ? path.at(-1) : undefined;
  return typeof variable === "string" && text !== "" && SECRET_NAME.test(variable);
}
