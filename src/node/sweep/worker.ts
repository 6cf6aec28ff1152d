import { NumericsError } from "../../autograd";
import { fingerprint, type Model } from "../../nn";
import { type LearnReport, learnTrial, trialId } from "../../steering";
import { measureTrial } from "../../steering/sweep/run-trial";
import { loadModel } from "../load";
import type { WorkerOrder, WorkerReport, WorkerStart } from "./pool";

/** A worker process of `runSweep`: loads the model once, then learns and measures one trial after the other. */
let model: Model | undefined;
const tell = (report: WorkerReport) => process.send!(report);

process.on("message", async (message: WorkerStart | WorkerOrder) => {
  try {
    if (model === undefined) {
      model = await open(message as WorkerStart);
      tell({ kind: "ready" });
    } else await run(model, message as WorkerOrder);
  } catch (error) {
    tell({ kind: "error", message: (error as Error).stack ?? String(error) });
  }
});
// Whatever ends the sweep ends its workers; Ctrl-C reaches them too, and is for the sweep to answer.
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});

async function open({ source, load, fingerprint: expected }: WorkerStart): Promise<Model> {
  const loaded = await loadModel(source, load);
  if (fingerprint(loaded) !== expected) throw new Error(`the model "${loaded.name}" has changed since the sweep began`);
  return loaded;
}

async function run(model: Model, { trial, wanted }: WorkerOrder): Promise<void> {
  const onProgress = ({ step, steps }: LearnReport) => {
    if (step % 5 === 0) tell({ kind: "progress", share: step / steps });
  };
  try {
    const done = await learnTrial(model, trial, { onProgress });
    const bytes = done.learned.toBytes();
    if (wanted === "measures") tell({ kind: "done", result: measureTrial(model, trial, done), bytes });
    else tell({ kind: "learned", bytes });
  } catch (error) {
    // The same numbers would come out again: that is a result. Anything else is not.
    if (!(error instanceof NumericsError)) throw error;
    tell({ kind: "failed", failed: { id: trialId(trial), problem: error.problem } });
  }
}
