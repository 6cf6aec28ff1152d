import fc from "fast-check";
import { cases, variants } from "../../../conformance/suite";

/** How the suite went in a page. */
export interface Outcome {
  isolated: boolean;
  /** Cases that passed, by variant. */
  passed: Record<string, number>;
  /** Every case that did not, with its variant and what was wrong. */
  failed: string[];
}

self.onmessage = async ({ data: seed }: MessageEvent<number>) => {
  fc.configureGlobal({ seed });
  const outcome: Outcome = { isolated: crossOriginIsolated, passed: {}, failed: [] };
  for (const { name: variant, begin, end } of variants(crossOriginIsolated)) {
    outcome.passed[variant] = 0;
    try {
      await begin();
      for (const { name, run } of cases) {
        try {
          run();
          outcome.passed[variant]++;
        } catch (error) {
          outcome.failed.push(`${variant} > ${name}: ${error}`);
        }
        // Events of threads that die are heard in between.
        await new Promise((resolve) => setTimeout(resolve));
      }
    } catch (error) {
      outcome.failed.push(`${variant}: ${error}`);
    } finally {
      end();
    }
  }
  postMessage(outcome);
};
