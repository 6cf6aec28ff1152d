import { setBackend } from "fader/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reference } from "../../src/tensor/kernels/reference";
import { attention, attentionRanges } from "./attention";
import { elementwise } from "./elementwise";
import { lookup } from "./lookup";
import { products } from "./products";
import { rowwise } from "./rows";
import { covered } from "./support";

/** The kernel interface on every backend, against plain float64 formulas on the same float32 inputs. */
describe.each(["reference", "wasm"] as const)("%s", (backend) => {
  beforeAll(() => setBackend(backend));
  afterAll(() => setBackend("wasm"));
  elementwise();
  products();
  attention();
  rowwise();
  lookup();
});

describe("ranges", attentionRanges);

test("every kernel of the interface is covered", () => {
  const methods = Object.keys(reference).filter((key) => key !== "name");
  expect([...covered].sort()).toEqual(methods.sort());
});
