import { isMap } from "./json.ts";
import { type Path, pathKey, type YamlFile } from "./yaml.ts";

/** A value put together from several files, each part of which still knows the file it came from. */
export interface Layered {
  readonly value: unknown;
  /** `file:line:column` of a path, or of its nearest parent that stands in a file. */
  place(path: Path): string;
}

interface Layer {
  readonly value: unknown;
  readonly file: YamlFile;
  /** Where in `file` the layer's root stands. */
  readonly at: Path;
}

/** Lays later layers over earlier ones: maps merge by key, everything else (lists too) is replaced. */
export function layer(layers: readonly Layer[]): Layered {
  const value = layers.map((one) => one.value).reduce(merge, undefined);
  const places = new Map<string, string>();
  for (const { file, at } of layers) {
    const prefix = at.length === 0 ? "" : `${pathKey(at)}\u0000`;
    for (const [key, place] of file.places) {
      if (key === pathKey(at)) places.set("", `${file.file}:${place}`);
      else if (key !== "" && key.startsWith(prefix))
        places.set(key.slice(prefix.length), `${file.file}:${place}`);
    }
  }
  return {
    value,
    place(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const place = places.get(pathKey(path.slice(0, length)));
        if (place !== undefined) return place;
      }
      return places.get("") ?? "catalog";
    },
  };
}

/** One file as it stands. */
export function single(file: YamlFile): Layered {
  return layer([{ value: file.value, file, at: [] }]);
}

function merge(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isMap(below) || !isMap(above)) return above;
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) merged.set(key, merge(merged.get(key), value));
  // fromEntries defines own properties, so a key such as __proto__ stays an ordinary (and refused) key
  return Object.fromEntries(merged);
}

/** What stands at a path of a value, or undefined; inherited properties do not count. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => {
    if (Array.isArray(at)) return at[Number(step)];
    return isMap(at) && Object.hasOwn(at, String(step)) ? at[String(step)] : undefined;
  }, value);
}
