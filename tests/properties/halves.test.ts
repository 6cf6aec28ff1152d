import "fader/autograd";
import { DtypeError, step, type Tensor } from "fader/autograd";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isFloat } from "../../src/tensor/internal";
import { applyOp, registry } from "../../src/tensor/op";
import { build, samplers } from "./samplers";

/** Every op with one float input in 16 bits: read where its declaration says so, refused otherwise. */
test.each([...registry.values()].map((declared) => [declared.name, declared] as const))("%s", (name, declared) => {
  const halves: readonly string[] = declared.spec.halves ?? [];
  const property = fc.property(samplers[name]!, fc.constantFrom("f16", "bf16"), (sample, dtype) =>
    step(() => {
      const inputs: Record<string, Tensor> = Object.fromEntries(
        Object.entries(sample.inputs).map(([key, x]) => {
          const built = build(x, declared.spec.domain?.[key]);
          return [key, isFloat(built.dtype) ? built.cast("f32") : built];
        }),
      );
      for (const key of Object.keys(inputs).filter((key) => inputs[key]!.dtype === "f32")) {
        const half = inputs[key]!.cast(dtype);
        const apply = (x: Tensor) => applyOp(declared, { ...inputs, [key]: x }, sample.attrs);
        if (!halves.includes(key)) {
          expect(() => apply(half)).toThrow(DtypeError);
          continue;
        }
        const [got, want] = [apply(half), apply(half.cast("f32"))];
        expect(got.shape).toEqual(want.shape);
        expect(Array.from(got.toTypedArray())).toEqual(Array.from(want.toTypedArray()));
      }
    }),
  );
  fc.assert(property, { numRuns: 15 });
});
