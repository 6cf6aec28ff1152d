import { parentPort, workerData } from "node:worker_threads";
import { NumericsError } from "../../autograd";
import { fingerprint } from "../../nn";
import { runTrial, trialId } from "../../steering";
import { loadModel } from "../load";
import type { Order, Report, WorkerData } from "./messages";

/** A worker of `runSweep`: loads the model once, then learns and measures one trial after the other. */
const { source, load, fingerprint: expected } = workerData as WorkerData;
const tell = (report: Report) => parentPort!.postMessage(report);

const model = await loadModel(source, load);
if (fingerprint(model) !== expected) {
  tell({ kind: "error", message: `the model "${model.name}" has changed since the sweep began` });
} else {
  parentPort!.on("message", async (trial: Order) => {
    try {
      const result = await runTrial(model, trial, ({ step, steps }) => {
        if (step % 5 === 0) tell({ kind: "progress", share: step / steps });
      });
      tell({ kind: "done", result });
    } catch (error) {
      // The same numbers would come out again: that is a result. Anything else is not.
      if (error instanceof NumericsError)
        tell({ kind: "failed", failed: { id: trialId(trial), problem: error.problem } });
      else tell({ kind: "error", message: (error as Error).stack ?? String(error) });
    }
  });
  tell({ kind: "ready" });
}
