import { dependencyOrder } from "./composite.ts";
import { alarmNameOf, alarmsOf, countElements, parseRule } from "./composite-rule.ts";
import { type Fault, type FieldFault, faultsOf, fieldOf, type Row, shown, text, whole } from "./fields.ts";
import { COMMON } from "./metric-limits.ts";

/** Limits of PutCompositeAlarm (service model of CloudWatch). */
const MAX_RULE = 10_240;
const MAX_CHILDREN = 100;
const MAX_ELEMENTS = 500;

/** Everything in a composite that PutCompositeAlarm would refuse; `isKnown` tells which alarms there are. */
export function compositeFaults(row: Row, isKnown: (alarm: string) => boolean): FieldFault[] {
  const rule = fieldOf(row, "AlarmRule");
  return [
    ...faultsOf(row, { ...COMMON, AlarmRule: { required: true, check: text(1, MAX_RULE) } }),
    ...(typeof rule === "string" && rule !== "" && rule.length <= MAX_RULE
      ? ruleFaults(rule, { isKnown, own: fieldOf(row, "AlarmName") }).map((fault) => ({
          path: "AlarmRule",
          ...fault,
        }))
      : []),
    ...suppressorFaults(row, isKnown),
  ];
}

/** The composites that are part of a cycle, each cycle once: at the first of its alarms, and as `a -> b -> a`. */
export function cycleFaults(composites: readonly Row[]): (FieldFault & { readonly alarm: string })[] {
  const childrenOf = new Map<string, readonly string[]>();
  for (const row of composites) {
    const name = fieldOf(row, "AlarmName");
    if (typeof name === "string") childrenOf.set(name, childrenIn(row));
  }
  const unordered = new Set(dependencyOrder(childrenOf).unordered);
  const seen = new Set<string>();
  return [...unordered].flatMap((start) => {
    const path: string[] = [];
    // each of them names another that has no place in the order, so that the walk ends where it has been
    for (let name: string | undefined = start; name !== undefined; ) {
      if (seen.has(name)) {
        const cycle = path.slice(path.indexOf(name));
        if (!path.includes(name) || cycle.length < 2) return [];
        const rule = `is part of a cycle, which CloudWatch does not evaluate: ${[...cycle, name].map(shown).join(" -> ")}`;
        return [{ alarm: name, path: "AlarmRule", rule, cure: "take one of the names out of its rule" }];
      }
      seen.add(name);
      path.push(name);
      name = childrenOf.get(name)?.find((child) => unordered.has(child));
    }
    return [];
  });
}

function ruleFaults(
  text: string,
  { isKnown, own }: { readonly isKnown: (alarm: string) => boolean; readonly own: unknown },
): Fault[] {
  let children: readonly string[];
  let elements: number;
  try {
    children = alarmsOf(parseRule(text));
    elements = countElements(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [what] = error.message.split(" of the rule: ");
    return [{ rule: shown(what), cure: 'write it such as ALARM("a") AND NOT OK("b")' }];
  }
  const unknown = children.filter((child) => child !== own && !isKnown(child));
  return [
    ...(children.length > MAX_CHILDREN
      ? [
          {
            rule: `its rule has ${children.length} alarms; CloudWatch takes ${MAX_CHILDREN}`,
            cure: "split it in two",
          },
        ]
      : []),
    ...(elements > MAX_ELEMENTS
      ? [
          {
            rule: `its rule has ${elements} elements; CloudWatch takes ${MAX_ELEMENTS}`,
            cure: "split it in two",
          },
        ]
      : []),
    ...(children.some((child) => child === own)
      ? [{ rule: "names the alarm itself", cure: "take its own name out of the rule" }]
      : []),
    ...unknown.map((child) => ({
      rule: `names ${shown(child)}, and there is no alarm of this name`,
      cure: "correct the name, or add the alarm",
    })),
  ];
}

function suppressorFaults(row: Row, isKnown: (alarm: string) => boolean): FieldFault[] {
  const suppressor = fieldOf(row, "ActionsSuppressor");
  const seconds = { check: whole(0) };
  const periods = { ActionsSuppressorWaitPeriod: seconds, ActionsSuppressorExtensionPeriod: seconds };
  if (suppressor === undefined) return faultsOf(row, periods);
  const faults = faultsOf(row, {
    ActionsSuppressor: { check: text(1, 1_600) },
    ActionsSuppressorWaitPeriod: { required: true, ...seconds },
    ActionsSuppressorExtensionPeriod: { required: true, ...seconds },
  });
  if (typeof suppressor !== "string" || suppressor === "" || isKnown(alarmNameOf(suppressor))) return faults;
  const rule = `names ${shown(alarmNameOf(suppressor))}, and there is no alarm of this name`;
  return [...faults, { path: "ActionsSuppressor", rule, cure: "correct the name, or add the alarm" }];
}

function childrenIn(row: Row): string[] {
  const rule = fieldOf(row, "AlarmRule");
  if (typeof rule !== "string" || rule.length > MAX_RULE) return [];
  try {
    const own = fieldOf(row, "AlarmName");
    return alarmsOf(parseRule(rule)).filter((child) => child !== own);
  } catch {
    return [];
  }
}
