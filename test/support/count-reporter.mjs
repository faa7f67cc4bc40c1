/** A Jest reporter whose only output is the closing line `N passed, N failed[, N skipped]`, which CI reads. */
export default class CountReporter {
  /** A suite that could not run at all (a syntax error, say) counts as one failure; a `todo` counts as skipped. */
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    // Jest puts its own summary after every other reporter; only the exit comes later.
    process.once('exit', () => process.stdout.write(`${results.numPassedTests} passed, ${failed} failed${tail}\n`));
  }
}
