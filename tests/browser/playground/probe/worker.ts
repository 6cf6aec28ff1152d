import { loadModel } from "fader";
import { engineInfo, matmul, randn, setThreads } from "fader/tensor";
import { exports } from "../../../../src/tensor/kernels/wasm/module";

/** What the probe's worker found. */
export interface Seen {
  isolated: boolean;
  threads: number;
  /** Threads that are ready to help. */
  helpers: number;
  /** The likeliest word after a prompt. */
  word?: string;
  problem?: string;
}

/** Opens the built-in model and lets threads, where there are some, do their part. */
async function look(): Promise<Seen> {
  const isolated = globalThis.crossOriginIsolated;
  const now = () => ({ isolated, threads: engineInfo().threads, helpers: exports.ready() });
  try {
    // Also where the machine has one core.
    if (isolated) setThreads(3);
    const model = await loadModel();
    const tokens = model.tokenizer!.encode("The capital of France is");
    const { logits } = model.forward(tokens);
    const last = logits.toTypedArray().slice(-model.config.vocab_size);
    const word = model.tokenizer!.decode([last.indexOf(Math.max(...last))]);
    // Threads start with the first product; if one did not, a later one says so.
    const x = randn([256, 256], { seed: 0 });
    matmul(x, x);
    for (let i = 0; i < 200 && exports.ready() < engineInfo().threads - 1; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      matmul(x, x);
    }
    return { ...now(), word };
  } catch (error) {
    return { ...now(), problem: String(error) };
  }
}

void look().then((seen) => postMessage(seen));
