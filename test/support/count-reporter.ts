import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with the one line that a machine reads: `N passed, N failed, N skipped`. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      // a file that could not be collected, or a hook that failed, has failed though no test of it did
      const broken = [module, ...module.children.allSuites()].filter((one) => one.errors().length > 0);
      count.failed += broken.length;
    }
    const failed = count.failed + count.pending + errors.length;
    process.stdout.write(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
  }
}
