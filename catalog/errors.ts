/** Exit codes of every command: the monitoring-plugin convention for health, sysexits(3) for the rest. */
export const EXIT = {
  healthy: 0,
  degraded: 1,
  unhealthy: 2,
  unknown: 3,
  usage: 64,
  catalog: 65,
  unavailable: 69,
  internal: 70,
} as const;

/** One thing that is wrong: where it stands, which rule it breaks, and what to do about it. */
export interface Problem {
  /** `file:line:column` of a catalog file, a command-line option, an address or a folder. */
  readonly place: string;
  /** The path inside the file (`objectives.api.objective`), or an empty string. */
  readonly path: string;
  /** What is wrong, as the rule that is broken. */
  readonly rule: string;
  /** What to write or do instead. */
  readonly cure: string;
}

/**
 * The one error class of Rollcall: everything that a person can mend is thrown as one of these and is
 * printed without a stack trace.
 */
export class RollcallError extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly problems: readonly Problem[];

  constructor(init: {
    readonly code: string;
    readonly exitCode: number;
    readonly problems: readonly Problem[];
    readonly cause?: unknown;
  }) {
    super(init.problems.map(describeProblem).join("\n"), { cause: init.cause });
    this.name = "RollcallError";
    this.code = init.code;
    this.exitCode = init.exitCode;
    this.problems = init.problems;
  }
}

/** A command line that cannot be carried out as written (exit 64). */
export function usageError(problem: Omit<Problem, "path">): RollcallError {
  return new RollcallError({ code: "USAGE", exitCode: EXIT.usage, problems: [{ ...problem, path: "" }] });
}

/** Something of the machine that is missing, taken or not writable (exit 69). */
export function unavailableError(problem: Omit<Problem, "path">, cause?: unknown): RollcallError {
  return new RollcallError({
    code: "UNAVAILABLE",
    exitCode: EXIT.unavailable,
    problems: [{ ...problem, path: "" }],
    cause,
  });
}

/** A catalog that breaks its schema or its cross-references (exit 65), with every problem found. */
export function catalogError(problems: readonly Problem[]): RollcallError {
  return new RollcallError({ code: "CATALOG", exitCode: EXIT.catalog, problems });
}

/** `place  path: rule. Cure.` on one line, as the commands print it. */
export function describeProblem({ place, path, rule, cure }: Problem): string {
  const subject = path === "" ? place : `${place}  ${path}`;
  return `${subject}: ${rule}; ${cure}`;
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
