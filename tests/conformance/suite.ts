import { setBackend, setRelaxedSimd, setThreads, zeros } from "fader/tensor";
import { kernelsFor } from "../../src/tensor/kernels";
import { tuning } from "../../src/tensor/kernels/wasm/launch";
import { exports } from "../../src/tensor/kernels/wasm/module";
import { attention } from "./attention";
import { elementwise } from "./elementwise";
import { fused } from "./fused";
import { lookup } from "./lookup";
import { products } from "./products";
import { rowwise } from "./rows";
import { useKernels } from "./support";
import { shareEverything, twice } from "./twice";

/** The kernel interface on every backend, against plain float64 formulas on the same float32 inputs. */
elementwise();
products();
attention();
rowwise();
lookup();
fused();

export { type Case, cases } from "./support";

/** A way to compute that every case is run on. */
export interface Variant {
  name: string;
  begin(): void | Promise<void>;
  end(): void;
}

const usual = { ...tuning };
const hasRelaxed = setRelaxedSimd(true);

const reference: Variant = {
  name: "reference",
  begin: () => setBackend("reference"),
  end: () => setBackend("wasm"),
};

const relaxed: Variant = { name: "wasm with relaxed SIMD", begin() {}, end() {} };

const plain: Variant = {
  name: "wasm with plain SIMD",
  begin: () => void setRelaxedSimd(false),
  end: () => void setRelaxedSimd(hasRelaxed),
};

const threads: Variant = {
  name: "wasm with three threads",
  async begin() {
    setThreads(3);
    shareEverything(true);
    useKernels(twice(kernelsFor("f32")));
    zeros([100, 100]).add(1);
    // Workers start while this thread waits.
    for (let i = 0; exports.ready() < 2; i++) {
      if (i === 1000) throw new Error("the workers did not start");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  end() {
    setThreads(2);
    Object.assign(tuning, { ...usual });
    useKernels(undefined);
  },
};

/** Where memory cannot be shared there are no threads. */
export function variants(canShare: boolean): Variant[] {
  return [reference, ...(hasRelaxed ? [relaxed] : []), plain, ...(canShare ? [threads] : [])];
}
