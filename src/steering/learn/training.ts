import { Adam, NumericsError, type Random, step, type Tensor, tensor, valueAndGrad } from "../../autograd";
import { pacer } from "../../io/pause";
import type { Interventions, Model } from "../../nn";
import type { Prompt } from "../tasks/task";
import { interventionOf, type Kind } from "./kinds";
import { LearnedIntervention, logitsAt } from "./learned";
import { type Mask, restrict } from "./mask";
import { objectiveTerms } from "./objective";
import type { LearnSettings } from "./options";
import { bySite, copyOf, countActive, type FlatParameters } from "./parameters";
import type { Provenance } from "./provenance";
import { gateLr, type Pressure } from "./sparsity";

/** The parts of a run of updates. */
export interface TrainRun {
  kind: Kind;
  model: Model;
  prompts: readonly Prompt[];
  pressure: Pressure;
  settings: LearnSettings;
  /** Draws the order of the prompts. */
  random: Random;
  /** What it does not allow stays exactly 0. */
  mask?: Mask | undefined;
  /** Where the result comes from, after so many updates. */
  provenance(steps: number): Provenance;
}

/**
 * Runs Adam on the objective, under a pressure towards zero. Learners, `refit` and select-then-tune all train here.
 *
 * @throws NumericsError when the loss is no longer finite, and the reason of an aborted `signal`.
 */
export async function train(run: TrainRun): Promise<LearnedIntervention> {
  const { kind, model, prompts, pressure, settings, random, mask } = run;
  const madeOf = (theta: FlatParameters, steps: number) =>
    new LearnedIntervention(kind, bySite(theta), run.provenance(steps));
  const optimizer = new Adam(pressure.theta, { lr: settings.lr });
  const gateOptimizer = new Adam(pressure.gates, { lr: gateLr });
  const clean = rememberClean(model);
  const history: number[] = [];
  const waitTurn = pacer();
  let order: readonly Prompt[] = [];
  restrict(pressure.theta, mask);
  while (history.length < settings.steps) {
    settings.signal?.throwIfAborted();
    const batch: Prompt[] = [];
    while (batch.length < Math.min(settings.batchSize, prompts.length)) {
      if (order.length === 0) order = random.shuffle(prompts);
      batch.push(order[0]!);
      order = order.slice(1);
    }
    // Of the values that the loss is of, before they move.
    const cost = settings.onProgress && pressure.cost();
    const { loss, ...terms } = step(() => {
      const { value, grads, aux } = lossAndGradients(kind, model, batch, pressure, clean(batch), settings);
      optimizer.step(grads.theta);
      gateOptimizer.step(grads.gates);
      const [effectiveness, faithfulness, penalty] = aux.map((term) => term?.item() ?? 0) as [number, number, number];
      return { loss: value.item(), effectiveness, faithfulness, minimality: penalty + (cost ?? 0) };
    });
    history.push(loss);
    if (!Number.isFinite(loss)) {
      throw new NumericsError("learn", `the loss is ${loss} at step ${history.length}`, {
        hint: "Lower the learning rate.",
      });
    }
    pressure.shrink();
    restrict(pressure.theta, mask);
    if (settings.onProgress !== undefined) {
      const activeParameters = step(() => countActive(pressure.result()));
      const done = history.length;
      const current = () => madeOf(copyOf(step(() => pressure.result())), done);
      settings.onProgress({ step: done, steps: settings.steps, loss, ...terms, activeParameters, current });
    }
    if (hasSettled(history, settings.patience)) break;
    await waitTurn();
  }
  return madeOf(pressure.result(), history.length);
}

function lossAndGradients(
  kind: Kind,
  model: Model,
  batch: readonly Prompt[],
  pressure: Pressure,
  clean: Tensor,
  settings: LearnSettings,
) {
  const ids = batch.map((prompt) => prompt.ids);
  return valueAndGrad(({ theta, gates }: { theta: FlatParameters; gates: FlatParameters }) => {
    const { used, penalty } = pressure.draw(theta, gates);
    const interventions: Interventions = Object.fromEntries(
      Object.entries(bySite(used)).map(([site, tensors]) => [
        site,
        interventionOf(kind, tensors, 1, settings.positions),
      ]),
    );
    const [plus, minus] = logitsAt(model, ids, interventions, [1, -1]) as [Tensor, Tensor];
    const [effect, faithful] = objectiveTerms({ clean, plus, minus }, batch, settings);
    const loss = faithful === undefined ? effect : effect.add(faithful);
    return [penalty === undefined ? loss : loss.add(penalty), [effect, faithful, penalty]] as const;
  })({ theta: pressure.theta, gates: pressure.gates });
}

/** Returns logits without intervention after the last token; each prompt goes through the model once. */
function rememberClean(model: Model): (batch: readonly Prompt[]) => Tensor {
  const known = new Map<Prompt, Float32Array>();
  const vocab = model.config.vocab_size;
  return (batch) => {
    const missing = batch.filter((prompt) => !known.has(prompt));
    if (missing.length > 0) {
      const ids = missing.map((prompt) => prompt.ids);
      const rows = model.forward(ids, { positions: "last" }).logits.toTypedArray() as Float32Array;
      missing.forEach((prompt, i) => {
        known.set(prompt, rows.slice(i * vocab, (i + 1) * vocab));
      });
    }
    const all = new Float32Array(batch.length * vocab);
    batch.forEach((prompt, i) => {
      all.set(known.get(prompt)!, i * vocab);
    });
    return tensor(all, { shape: [batch.length, vocab] });
  };
}

/** True when the mean of the last `window` losses is no more than 1% below that of the ones before. */
function hasSettled(history: readonly number[], window: number): boolean {
  if (window === 0 || history.length < 2 * window) return false;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return mean(history.slice(-window)) >= 0.99 * mean(history.slice(-2 * window, -window));
}
