// biome-ignore-all lint/suspicious/noExplicitAny: the expected values of a fixture folder are checked as they are used.
import { crossEntropy, step, type Tensor, tensor, valueAndGrad } from "fader/autograd";
import { add, dynamic, type Intervention, type Interventions, type Model, scale } from "fader/nn";
import { isHalf } from "../../src/tensor/internal";
import { largest, largestError, numbers, type Report } from "./compare";
import { checkProbes, logitBound, placesOf } from "./probes";

/** Where the parameters of a stored intervention go. */
const parameterNames: Record<string, string[]> = { scale: ["alpha"], add: ["v"], dynamic: ["w", "b"] };

function makeEdit(kind: string, p: Record<string, Tensor>): Intervention {
  if (kind === "scale") return scale(p.alpha!);
  if (kind === "add") return add(p.v!);
  if (kind === "dynamic") return dynamic(p.w!, p.b!, { normalize: false });
  throw new Error(`unknown kind of intervention "${kind}"`);
}

/** What a run with one stored intervention gives: last logits, loss, its gradients and the probed activations. */
export interface InterventionRun {
  logits: Float32Array;
  loss: number;
  /** By the names of the parameters, for each entry of the list. */
  grads: Record<string, Float32Array>[];
  activations: Readonly<Record<string, Tensor>>;
}

export function runIntervention(model: Model, expected: any, { list, probes }: any): InterventionRun {
  const { batch } = expected.prompts;
  const { target, other } = expected.answers;
  const parameters = list.map((entry: any) =>
    Object.fromEntries(parameterNames[entry.kind]!.map((key) => [key, nested(entry[key])])),
  ) as Record<string, Tensor>[];
  const clean = step(() => model.forward(batch, { positions: "last" }).logits);
  const { value, grads, aux } = valueAndGrad((p: Record<string, Tensor>[]): [Tensor, any] => {
    const interventions: Record<string, Intervention[]> = {};
    list.forEach(({ site, kind }: any, i: number) => {
      interventions[site] = [...(interventions[site] ?? []), makeEdit(kind, p[i]!)];
    });
    const run = model.forward(batch, {
      interventions: interventions as Interventions,
      positions: "last",
      capture: placesOf(probes ?? []),
    });
    const alphas = list.flatMap(({ kind }: any, i: number) => (kind === "scale" ? [p[i]!.alpha!] : []));
    return [steeringLoss(run.logits, clean, target, other, alphas), run];
  })(parameters);
  return {
    logits: aux.logits.toTypedArray(),
    loss: value.item(),
    grads: grads.map((one) => Object.fromEntries(Object.entries(one).map(([key, x]) => [key, values(x)]))),
    activations: aux.activations,
  };
}

export function verifyIntervention(model: Model, expected: any, intervention: any, report: Report): void {
  const { name, list, logits_last, loss, probes, float32_error } = intervention;
  const run = runIntervention(model, expected, intervention);
  report.add("intervened logits", name, largestError(run.logits, numbers(logits_last)), logitBound);
  report.add("intervention loss", name, Math.abs(run.loss - loss), 1e-5 * Math.max(1, Math.abs(loss)));
  checkProbes("intervened probes", probes ?? [], run.activations, report);
  list.forEach((entry: any, i: number) => {
    for (const key of parameterNames[entry.kind]!) {
      const want = numbers(entry.grad[key]);
      const error = largestError(run.grads[i]![key]!, want);
      // A gradient that is 0 but for rounding, as behind a norm, is no better than that of any float32.
      const bound = Math.max(gradientBound(want), 3 * (float32_error?.grad_max_abs ?? 0));
      report.add("intervention gradients", `${name} ${entry.site} ${key}`, error, bound);
    }
  });
}

/** For all entries of a gradient. */
export const gradientBound = (want: readonly number[]) => 1e-4 * largest(want) + 1e-6;

/** mean_i [ relu(1 − (z_target − z_other)) + 0.3 · KL_i ] + 0.01 · Σ|alpha|, as the fixtures' README defines it. */
function steeringLoss(z: Tensor, clean: Tensor, target: number[], other: number[], alphas: Tensor[]): Tensor {
  const [count, vocab] = z.shape as [number, number];
  const column = (ids: number[]) => tensor(ids, { dtype: "i32" }).unsqueeze(1);
  const margin = z.gather(column(target), 1).sub(z.gather(column(other), 1));
  const hinge = margin.neg().add(1).relu().sum();
  const kept = Array.from({ length: count }, (_, i) =>
    Array.from({ length: vocab }, (_, j) => j).filter((j) => j !== target[i] && j !== other[i]),
  );
  const index = tensor(kept.flat(), { dtype: "i32", shape: [count, kept[0]!.length] });
  const logP = clean.gather(index, 1).logSoftmax();
  const logQ = z.gather(index, 1).logSoftmax();
  const kl = logP.exp().mul(logP.sub(logQ)).sum();
  const l1 = alphas.map((alpha) => alpha.abs().sum()).reduce((a, b) => a.add(b), tensor(0));
  return hinge.add(kl.mul(0.3)).div(count).add(l1.mul(0.01));
}

/** 16-bit weights are frozen: with them, the loss and the gradients of the others are checked. */
export function verifyLanguageModelLoss(model: Model, { prompts, lm_loss }: any, report: Report): void {
  const learnable = Object.fromEntries(Object.entries(model.weights).filter(([, x]) => !isHalf(x.dtype)));
  const { value, grads } = valueAndGrad((weights: Record<string, Tensor>) => {
    const inputs = prompts.batch.map((ids: number[]) => ids.slice(0, -1));
    const targets = tensor(
      prompts.batch.flatMap((ids: number[]) => ids.slice(1)),
      { dtype: "i32" },
    );
    const { logits } = model.withWeights({ ...model.weights, ...weights }).forward(inputs);
    return crossEntropy(logits.reshape([-1, logits.shape.at(-1)!]), targets);
  })(learnable);
  report.add("weight loss", "lm_loss", Math.abs(value.item() - lm_loss.loss), 1e-5 * Math.max(1, lm_loss.loss));
  for (const [name, want] of Object.entries<any>(lm_loss.grads)) {
    if (name in model.weights && !(name in learnable)) continue;
    const gradient = grads[name];
    if (gradient === undefined || gradient.shape.join() !== want.shape.join()) {
      report.fail(
        "weight gradients",
        name,
        gradient ? `shape ${gradient.shape} is not ${want.shape}` : "no such weight",
      );
      continue;
    }
    const got = gradient.toTypedArray();
    const values = [...numbers(want.first8), ...numbers(want.spread)];
    // The summaries do not hold the largest entry; the l2 norm over √n is below it.
    const scale = Math.max(largest(values), want.l2 / Math.sqrt(got.length));
    const picked = [...got.slice(0, want.first8.length), ...want.spread_index.map((i: number) => got[i]!)];
    report.add("weight gradients", name, largestError(picked, values), 1e-4 * scale + 1e-6);
    const l2 = Math.sqrt(Array.from(got).reduce((sum, v) => sum + v * v, 0));
    report.add("weight gradient norms", name, Math.abs(l2 - want.l2), 1e-4 * want.l2 + 1e-6);
  }
}

const values = (x: Tensor) => x.toTypedArray() as Float32Array;

/** A float32 tensor of nested stored numbers. */
function nested(stored: any): Tensor {
  const shape: number[] = [];
  for (let at = stored; Array.isArray(at); at = at[0]) shape.push(at.length);
  return tensor(numbers(stored), { shape });
}
