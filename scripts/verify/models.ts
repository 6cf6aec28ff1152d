// biome-ignore-all lint/suspicious/noExplicitAny: the expected values of a fixture folder are checked as they are used.
import { crossEntropy, step, type Tensor, tensor, valueAndGrad } from "fader/autograd";
import { add, dynamic, type Intervention, type Interventions, loadCheckpoint, type Model, scale } from "fader/nn";
import { largest, largestError, numbers, type Report } from "./compare";

/** Checks a model folder against its `expected.json`, in float32. Tolerances: the fixtures' README. */
export async function verifyModel(folder: string, expected: any, report: Report): Promise<void> {
  const model = await loadCheckpoint(folder, { name: folder });
  verifyLogits(model, expected, report);
  verifyGreedy(model, expected, report);
  verifyProbes(model, expected, report);
  for (const intervention of expected.interventions ?? []) verifyIntervention(model, expected, intervention, report);
  if (expected.lm_loss) verifyLanguageModelLoss(model, expected, report);
}

const logitBound = 1e-4;

function verifyLogits(model: Model, { prompts, logits }: any, report: Report): void {
  const check = (what: string, ids: number[] | number[][], positions: "all" | "last", want: any) => {
    if (want === undefined) return;
    const got = step(() => model.forward(ids, { positions }).logits);
    report.add("logits", what, largestError(got.toTypedArray(), numbers(want)), logitBound);
  };
  check("batch_last", prompts.batch, "last", logits.batch_last);
  check("batch0_all", prompts.batch[0], "all", logits.batch0_all);
  if (prompts.single) check("single_last", prompts.single, "last", logits.single_last);
  if (prompts.long) check("long_last", prompts.long, "last", logits.long_last);
}

function verifyGreedy(model: Model, { greedy }: any, report: Report): void {
  if (!greedy) return;
  const ids = [...greedy.prompt];
  for (const want of greedy.new_tokens) {
    const next = step(() => model.forward(ids, { positions: "last" }).logits.argmax()).item();
    report.add("greedy tokens", `token ${ids.length}`, next === want ? 0 : 1, 0);
    ids.push(want);
  }
}

function checkProbes(what: string, probes: any[], activations: Readonly<Record<string, Tensor>>, report: Report): void {
  for (const { site, layer, prompt, position, values } of probes) {
    const name = `blocks.${layer}.${site}`;
    const got = activations[name]!.slice([
      [prompt, prompt + 1],
      [position, position + 1],
    ]).toTypedArray();
    report.add(what, `${name} prompt ${prompt} position ${position}`, largestError(got, numbers(values)), logitBound);
  }
}

const placesOf = (probes: any[]) => probes.map(({ site, layer }) => `blocks.${layer}.${site}`);

function verifyProbes(model: Model, { prompts, probes }: any, report: Report): void {
  if (!probes) return;
  const { activations } = step(() => model.forward(prompts.batch, { capture: placesOf(probes) }));
  checkProbes("probes", probes, activations, report);
}

/** Where the parameters of a stored intervention go. */
const parameterNames: Record<string, string[]> = { scale: ["alpha"], add: ["v"], dynamic: ["w", "b"] };

function makeEdit(kind: string, p: Record<string, Tensor>): Intervention {
  if (kind === "scale") return scale(p.alpha!);
  if (kind === "add") return add(p.v!);
  if (kind === "dynamic") return dynamic(p.w!, p.b!, { normalize: false });
  throw new Error(`unknown kind of intervention "${kind}"`);
}

function verifyIntervention(
  model: Model,
  expected: any,
  { name, list, logits_last, loss, probes }: any,
  report: Report,
) {
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
  report.add("intervened logits", name, largestError(aux.logits.toTypedArray(), numbers(logits_last)), logitBound);
  report.add("intervention loss", name, Math.abs(value.item() - loss), 1e-5 * Math.max(1, Math.abs(loss)));
  checkProbes("intervened probes", probes ?? [], aux.activations, report);
  list.forEach((entry: any, i: number) => {
    for (const key of parameterNames[entry.kind]!) {
      const want = numbers(entry.grad[key]);
      const bound = 1e-4 * largest(want) + 1e-6;
      const error = largestError(grads[i]![key]!.toTypedArray(), want);
      report.add("intervention gradients", `${name} ${entry.site} ${key}`, error, bound);
    }
  });
}

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

function verifyLanguageModelLoss(model: Model, { prompts, lm_loss }: any, report: Report): void {
  const { value, grads } = valueAndGrad((weights: Record<string, Tensor>) => {
    const inputs = prompts.batch.map((ids: number[]) => ids.slice(0, -1));
    const targets = tensor(
      prompts.batch.flatMap((ids: number[]) => ids.slice(1)),
      { dtype: "i32" },
    );
    const { logits } = model.withWeights(weights).forward(inputs);
    return crossEntropy(logits.reshape([-1, logits.shape.at(-1)!]), targets);
  })(model.weights as Record<string, Tensor>);
  report.add("weight loss", "lm_loss", Math.abs(value.item() - lm_loss.loss), 1e-5 * Math.max(1, lm_loss.loss));
  for (const [name, want] of Object.entries<any>(lm_loss.grads)) {
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

/** A float32 tensor of nested stored numbers. */
function nested(stored: any): Tensor {
  const shape: number[] = [];
  for (let at = stored; Array.isArray(at); at = at[0]) shape.push(at.length);
  return tensor(numbers(stored), { shape });
}
