// biome-ignore-all lint/suspicious/noExplicitAny: the expected values of a fixture folder are checked as they are used.

import { step, type Tensor } from "fader/autograd";
import type { Model } from "fader/nn";
import { type HalfDType, isHalf } from "../../src/tensor/internal";
import { largestError, numbers, type Report } from "./compare";
import { gradientBound, runIntervention } from "./interventions";
import { logitBound } from "./probes";

/** Two results of float32 may each be off by a bound, so they may differ by twice that. */
const agreement = 2;

/** Bits of the significand, the leading one among them. */
const significand: Record<HalfDType, number> = { f16: 11, bf16: 8 };
/** Half the distance of the smallest numbers. */
const smallest: Record<HalfDType, number> = { f16: 2 ** -25, bf16: 2 ** -134 };

/**
 * How far rounding the weights may move a logit, in units of 2^-significand · std(logits) · √layers. Rounding errors of
 * different layers are independent, so they grow with √layers. Over 40 small checkpoints of the three families (random
 * ones, 1 to 3 layers, d 12 to 64, and two trained ones) the largest was 12.3 for f16 and 9.7 for bf16.
 */
const roundingFactor = 32;

/**
 * Checks a model whose weights were rounded to 16 bits on loading:
 * - each rounded weight is the nearest one (half a unit in the last place of `exact`, the same weights in f32),
 * - all that is computed agrees with the rounded weights widened to f32, within the bounds of f32,
 * - logits stay near the reference, as near as rounding allows.
 */
export function verifyHalf(model: Model, exact: Model, dtype: HalfDType, expected: any, report: Report): void {
  verifyRounding(model, exact, dtype, report);
  verifyNearness(model, dtype, expected, report);
  const wide = step(() =>
    Object.fromEntries(Object.entries(model.weights).map(([name, x]) => [name, x.cast("f32")])),
  ) as Record<string, Tensor>;
  verifyAgreement(model, exact.withWeights(wide), expected, report);
}

function verifyRounding(model: Model, exact: Model, dtype: HalfDType, report: Report): void {
  const halves = Object.entries(model.weights).filter(([, x]) => isHalf(x.dtype));
  if (halves.length === 0) report.fail("rounded weights", dtype, "no weight is kept in 16 bits");
  for (const [name, x] of halves) {
    if (x.dtype !== dtype) report.fail("rounded weights", name, `kept as ${x.dtype}`);
    const got = x.cast("f32").toTypedArray();
    const want = exact.weights[name]!.toTypedArray();
    // In units of what each may be off.
    const off = got.map((v, i) => {
      const allowed = Math.max(2 ** -significand[dtype] * Math.abs(want[i]!), smallest[dtype]);
      return Math.abs(v - want[i]!) / allowed;
    });
    report.add("rounded weights", name, largestError(off, Array(want.length).fill(0)), 1);
  }
}

function verifyNearness(model: Model, dtype: HalfDType, { prompts, logits }: any, report: Report): void {
  const std = logits.std ?? deviation(numbers(logits.batch_last));
  const bound = roundingFactor * 2 ** -significand[dtype] * std * Math.sqrt(model.config.n_layers);
  const check = (what: string, ids: number[] | number[][], positions: "all" | "last", want: any) => {
    if (ids === undefined || want === undefined) return;
    const got = step(() => model.forward(ids, { positions }).logits);
    report.add("logits", what, largestError(got.toTypedArray(), numbers(want)), bound);
  };
  check("batch_last", prompts.batch, "last", logits.batch_last);
  check("batch0_all", prompts.batch[0], "all", logits.batch0_all);
  check("long_last", prompts.long, "last", logits.long_last);
}

function deviation(values: number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

function verifyAgreement(model: Model, wide: Model, expected: any, report: Report): void {
  const { batch, single, long } = expected.prompts;
  for (const ids of [batch, single, long].filter((ids) => ids !== undefined)) {
    const [got, want] = [model, wide].map((one) => step(() => one.forward(ids).logits).toTypedArray());
    report.add("as in f32: logits", "clean", largestError(got!, Array.from(want!)), agreement * logitBound);
  }
  for (const intervention of expected.interventions ?? []) {
    const { name } = intervention;
    const [got, want] = [model, wide].map((one) => runIntervention(one, expected, intervention));
    report.add("as in f32: logits", name, largestError(got!.logits, Array.from(want!.logits)), agreement * logitBound);
    want!.grads.forEach((one, i) => {
      for (const [key, gradient] of Object.entries(one)) {
        const values = Array.from(gradient);
        report.add(
          "as in f32: gradients",
          `${name} ${key}`,
          largestError(got!.grads[i]![key]!, values),
          agreement * gradientBound(values),
        );
      }
    });
  }
}
