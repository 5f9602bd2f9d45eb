import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { isMap } from "../../catalog/json.ts";
import type { StatePlan } from "../../plan/backup-types.ts";
import type { Gathered, Piece } from "./piece.ts";
import type { BackupStore } from "./store.ts";

/** More than any state of a stack; a function that takes a backup has half a gigabyte. */
const MAX_BYTES = 64 * 2 ** 20;
/** By these a value of Pulumi's state says of itself that it is a secret (pulumi/sdk, resource/properties.go). */
const SIGNATURE = {
  key: "4dabf18193072939515e22adb298388d",
  secret: "1b47061264138c4ac30d75fd1eb44270",
} as const;
/** The backend keeps a `.bak` beside each state, and may pack both. */
const STATE_FILE = /\.json(\.gz)?$/;

/** The stack's own state, as the S3 backend keeps it. */
export function stateSource(store: BackupStore, { prefix }: Pick<StatePlan, "prefix">): Gathered {
  return {
    source: "state",
    pieces: async () => {
      const keys = (await store.keys(prefix)).filter((key) => STATE_FILE.test(key));
      if (keys.length === 0)
        throw new Error(
          `${store.place(prefix)}json is missing; write the backend's bucket and prefix into backup.stateBucket`,
        );
      return Promise.all(keys.map((key) => statePiece(store, key)));
    },
  };
}

async function statePiece(store: BackupStore, key: string): Promise<Piece> {
  const packed = await store.get({ key, maxBytes: MAX_BYTES });
  if (packed === undefined) throw new Error(`${store.place(key)} was there a moment ago and is gone`);
  const bytes = key.endsWith(".gz") ? gunzipSync(packed, { maxOutputLength: MAX_BYTES }) : packed;
  const state: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (holdsPlaintext(state))
    throw new Error(
      `${store.place(key)} holds a secret in plain text; give the stack a secrets provider with ` +
        "`pulumi stack change-secrets-provider`",
    );
  return { path: `state/${basename(key).replace(/\.gz$/, "")}`, source: "state", format: "json", bytes };
}

/** Whether a secret stands in a state as it is, as `pulumi stack export --show-secrets` would write it. */
function holdsPlaintext(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsPlaintext);
  if (!isMap(value)) return false;
  if (value[SIGNATURE.key] === SIGNATURE.secret) return value.ciphertext === undefined;
  return Object.values(value).some(holdsPlaintext);
}
