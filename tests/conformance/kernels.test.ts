import { setBackend, setRelaxedSimd, setThreads, zeros } from "fader/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelsFor } from "../../src/tensor/kernels";
import { reference } from "../../src/tensor/kernels/reference";
import { tuning } from "../../src/tensor/kernels/wasm/launch";
import { exports } from "../../src/tensor/kernels/wasm/module";
import { attention } from "./attention";
import { elementwise } from "./elementwise";
import { fused } from "./fused";
import { lookup } from "./lookup";
import { products } from "./products";
import { rowwise } from "./rows";
import { covered, useKernels } from "./support";
import { shareEverything, twice } from "./twice";

const usual = { ...tuning };

const relaxed = setRelaxedSimd(true);
const everyKernel = () => {
  elementwise();
  products();
  attention();
  rowwise();
  lookup();
  fused();
};

/** The kernel interface on every backend, against plain float64 formulas on the same float32 inputs. */
describe("reference", () => {
  beforeAll(() => setBackend("reference"));
  afterAll(() => setBackend("wasm"));
  everyKernel();
});

describe.runIf(relaxed)("wasm with relaxed SIMD", everyKernel);

describe("wasm with plain SIMD", () => {
  beforeAll(() => void setRelaxedSimd(false));
  afterAll(() => void setRelaxedSimd(relaxed));
  everyKernel();
});

describe("wasm with three threads", () => {
  beforeAll(async () => {
    setThreads(3);
    shareEverything(true);
    useKernels(twice(kernelsFor("f32")));
    zeros([100, 100]).add(1);
    // Workers start while this thread waits.
    for (let i = 0; exports.ready() < 2; i++) {
      if (i === 1000) throw new Error("the workers did not start");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  afterAll(() => {
    setThreads(2);
    Object.assign(tuning, { ...usual });
    useKernels(undefined);
  });
  everyKernel();
});

test("every kernel of the interface is covered", () => {
  const methods = Object.keys(reference).filter((key) => key !== "name");
  expect([...covered].sort()).toEqual(methods.sort());
});
