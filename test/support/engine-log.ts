import type { EngineEvent, OpMap, OpType, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";

/** One resource that an engine run changed, or in a preview would change. */
export interface EngineStep {
  readonly op: OpType;
  readonly urn: string;
  readonly type: string;
  /** The name in the program. */
  readonly name: string;
  /** The input paths that differ (`spec.replicas`), sorted; empty unless something is updated or replaced. */
  readonly paths: readonly string[];
}

/** What one run of the engine did. */
export interface EngineRun {
  /** How many resources by operation, the stack itself included: `{same: 3, update: 1}`. */
  readonly summary: OpMap;
  /** Every resource that did not stay the same, in the engine's order; the stack itself and default providers left out. */
  readonly steps: readonly EngineStep[];
  /** The texts of warnings and errors. */
  readonly diagnostics: readonly string[];
}

/** Gathers the events of one run. */
export class EngineLog {
  #summary: OpMap = {};
  readonly #steps: EngineStep[] = [];
  readonly #diagnostics: string[] = [];

  add({ resourcePreEvent, summaryEvent, diagnosticEvent }: EngineEvent): void {
    if (resourcePreEvent !== undefined) this.#addStep(resourcePreEvent.metadata);
    if (summaryEvent !== undefined) this.#summary = summaryEvent.resourceChanges;
    if (diagnosticEvent !== undefined && ["warning", "error"].includes(diagnosticEvent.severity)) {
      this.#diagnostics.push(diagnosticEvent.message.trim());
    }
  }

  result(): EngineRun {
    return { summary: this.#summary, steps: this.#steps, diagnostics: this.#diagnostics };
  }

  #addStep({ op, urn, type, detailedDiff }: StepEventMetadata): void {
    if (op === "same" || type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:")) return;
    const name = urn.split("::").slice(3).join("::");
    const paths = Object.keys(detailedDiff ?? {}).sort((one, other) => one.localeCompare(other));
    this.#steps.push({ op, urn, type, name, paths });
  }
}
