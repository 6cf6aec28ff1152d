import {
  Adam,
  ArgumentError,
  mul,
  NumericsError,
  parameter,
  Random,
  step,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../autograd";
import { add, type Model } from "../../nn";
import { learnScalars } from "../learn/learn";
import type { LearnOptions } from "../learn/learn-options";
import { type LearnedIntervention, logitsAt, type Positions } from "../learn/learned";
import { objective } from "../learn/objective";
import type { Prompt } from "../tasks/task";
import { named, originOf } from "./origin";
import { allUnits, fromUnits, normOf, unitsBySite } from "./units";

/** Scalars of attention heads: one at `z` for each layer, position and head. Options as for `learnScalars`. */
export async function perHead(
  model: Model,
  prompts: readonly Prompt[],
  options: Omit<LearnOptions, "sites"> = {},
): Promise<LearnedIntervention> {
  return named(await learnScalars(model, prompts, { ...options, sites: ["z"] }), "per-head");
}

export interface SelectThenTuneOptions {
  /** Heads to tune (with positions `each`: heads at a position). Default: a tenth of all heads, at least 3. */
  k?: number;
  /** `all` (default, as LoFiT): a head has one vector for all positions. `each`: one for each position. */
  positions?: Positions;
  seed?: number;
  /** How heads are selected: options of `learnScalars`. */
  select?: Omit<LearnOptions, "sites" | "positions" | "seed" | "task">;
  /** Updates of the vectors. Default 200. */
  steps?: number;
  /** Prompts in one update. Default 16. */
  batchSize?: number;
  /** Learning rate of the vectors. Default 0.05. */
  lr?: number;
  /** m, λ_F: as for the learners. Default 3 and 0.5. */
  margin?: number;
  faithfulnessWeight?: number;
  /** Name of the task, kept with the result. */
  task?: string;
}

/**
 * After LoFiT (Yin et al. 2024): learns a scalar for each head with the ℓ1 norm, keeps the `k` heads with the largest
 * ones, then learns vectors only there. The objective of both steps is that of the learners, as are the scalars (LoFiT
 * scales each entry of a head and fits labelled answers).
 *
 * Throws `ArgumentError` where every head's scalar is 0, and for settings out of range.
 */
export async function selectThenTune(
  model: Model,
  prompts: readonly Prompt[],
  options: SelectThenTuneOptions = {},
): Promise<LearnedIntervention> {
  const { n_layers, n_heads } = model.config;
  const { k = Math.max(3, Math.round(0.1 * n_layers * n_heads)), positions = "all", seed = 0, task = "" } = options;
  const { steps = 200, batchSize = 16, lr = 0.05, margin = 3, faithfulnessWeight = 0.5, select = {} } = options;
  for (const [name, value] of Object.entries({ k, steps, batchSize })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ArgumentError("selectThenTune", `${name} is ${value}`, { hint: "Use 1 or more." });
    }
  }
  const scalars = await learnScalars(model, prompts, { ...select, sites: ["z"], positions, seed });
  const mask = largestHeads(scalars, k);
  const settings = { batchSize, lr, margin, faithfulnessWeight };
  const v = await tune(model, prompts, mask, positions, { ...settings, steps, seed });
  const origin = originOf(model, prompts, positions, {
    task,
    seed,
    steps,
    method: "select-then-tune",
    settings: { ...settings, k, selectSteps: scalars.provenance.steps, sites: "z" },
  });
  return fromUnits("vectors", [{ site: "z", shape: v.shape, data: v.toTypedArray() as Float32Array }], origin);
}

/** `[layers, positions?, heads, 1]`: 1 at the `k` heads with the largest scalars. */
function largestHeads(scalars: LearnedIntervention, k: number): Tensor {
  const [z] = unitsBySite("selectThenTune", scalars);
  const heads = allUnits([z!])
    .filter((unit) => normOf(unit) > 0)
    .sort((a, b) => normOf(b) - normOf(a))
    .slice(0, k);
  if (heads.length === 0) {
    throw new ArgumentError("selectThenTune", "no head was selected: all scalars are 0", {
      hint: "Lower the minimality with { select: { minimality } }.",
    });
  }
  const mask = new Float32Array(z!.data.length);
  for (const { index } of heads) mask[index] = 1;
  return tensor(mask, { shape: [...z!.shape, 1] });
}

/** Vectors at `z`, learned where the mask is 1 and exactly 0 elsewhere. */
async function tune(
  model: Model,
  prompts: readonly Prompt[],
  mask: Tensor,
  positions: Positions,
  settings: { steps: number; batchSize: number; lr: number; seed: number; margin: number; faithfulnessWeight: number },
): Promise<Tensor> {
  const v = parameter([...mask.shape.slice(0, -1), model.config.d_head]);
  const optimizer = new Adam({ v }, { lr: settings.lr });
  const next = batches(prompts, settings.batchSize, new Random(settings.seed));
  for (let done = 0; done < settings.steps; done++) {
    const batch = next();
    const ids = batch.map((prompt) => prompt.ids);
    const loss = step(() => {
      const clean = model.forward(ids, { positions: "last" }).logits;
      const { value, grads } = valueAndGrad((p: { v: Tensor }) => {
        const z = add(mul(p.v, mask), positions === "all" ? { positions } : {});
        const [plus, minus] = logitsAt(model, ids, { z }, [1, -1]) as [Tensor, Tensor];
        return objective({ clean, plus, minus }, batch, { ...settings, faithfulness: "kl-others" });
      })({ v });
      optimizer.step(grads);
      return value.item();
    });
    if (!Number.isFinite(loss)) {
      throw new NumericsError("selectThenTune", `the loss is ${loss} at step ${done + 1}`, {
        hint: "Lower the learning rate.",
      });
    }
    // Lets browsers breathe.
    if (done % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return v;
}

/** Draws batches; every prompt comes once before any comes again. */
function batches(prompts: readonly Prompt[], size: number, random: Random): () => Prompt[] {
  let order: readonly Prompt[] = [];
  return () =>
    Array.from({ length: Math.min(size, prompts.length) }, () => {
      if (order.length === 0) order = random.shuffle(prompts);
      const [prompt, ...rest] = order;
      order = rest;
      return prompt!;
    });
}
