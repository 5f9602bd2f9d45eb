import { listOf, type Props, propsOf, textOf } from "./resources.ts";

/** What a condition may ask of a caller so that not everybody passes: which account, organization, resource or network it is of. */
const CALLER =
  /^(aws:(source(account|arn|owner|orgid|orgpaths|vpc|vpce)|principal(account|arn|orgid|orgpaths))|kms:calleraccount)$/i;
/** Operators that name who passes; the others name who does not, or pass whoever says nothing. */
const NAMES = /^(ForAnyValue:)?(String|Arn)(Equals|Like)(IgnoreCase)?$/i;

/** Whether a statement speaks to everybody, and no condition says whom it means. */
export function isForEverybody({ Principal, NotPrincipal, Condition }: Props): boolean {
  if (NotPrincipal !== undefined) return true;
  const named =
    typeof Principal === "string" ? [Principal] : Object.values(propsOf(Principal)).flatMap(listOf);
  return named.includes("*") && !isLimited(propsOf(Condition));
}

function isLimited(condition: Props): boolean {
  return Object.entries(condition).some(
    ([operator, keys]) =>
      NAMES.test(operator) &&
      Object.entries(propsOf(keys)).some(
        ([key, values]) => CALLER.test(key) && listOf(values).length > 0 && !listOf(values).some(isAny),
      ),
  );
}

/** A star alone, or where an ARN has its account, or its name where it has no account, as a bucket's. */
function isAny(value: unknown): boolean {
  const text = textOf(value);
  const [, , , , account, name = ""] = text.split(":");
  return /^\**$/.test(text) || account === "*" || (account === "" && name.startsWith("*"));
}
