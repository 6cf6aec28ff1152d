import { readFileSync } from "node:fs";

/** Prints `N passed, N failed` from the last test run; fails when there was none, or when any failed. */
let results;
try {
  results = JSON.parse(readFileSync(".cache/test-results.json", "utf8"));
} catch {
  results = { numPassedTests: 0, numFailedTests: 0, success: false };
}
const { numPassedTests, numFailedTests, numPendingTests = 0, success } = results;
if (!success || numPassedTests === 0) process.exitCode = 1;
console.log(
  `${numPassedTests} passed, ${numFailedTests} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ""}`,
);
