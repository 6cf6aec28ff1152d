import { ArgumentError, NumericsError, step, type Tensor, tensor, transpose, zeros } from "../../autograd";
import { type GPTConfig, type Interventions, Model } from "../../nn";
import { firstNotFinite, type WeightDType } from "../../nn/checkpoint/safetensors";
import { familyOf, type Part } from "../../nn/families";
import { type ResolvedEdit, resolveEdits } from "../../nn/interventions/resolve";
import { storedName, weightName, weightShapes } from "../../nn/model/weights";
import { isHalf, outsideStep } from "../../tensor/internal";
import { bakeTargets, lacksBias, type Target } from "./bake-targets";
import { addsConstant, editRows, type Projection, withInputEdited, withOutputEdited } from "./projection";

/** How an intervention is baked. */
export interface BakeOptions {
  /** How far the intervention is turned. Default 1. */
  beta?: number;
  /**
   * Where a vector needs a bias that the model does not have, switches `attention_bias` or `mlp_bias` of its
   * configuration on, with biases of 0 wherever nothing is added. Default false: such vectors are refused.
   */
  addBiases?: boolean;
  /** What folded 16-bit matrices become. Default `auto`: what they were, rounded again; `f32`: not rounded. */
  dtype?: "auto" | "f32";
}

/**
 * A model whose weights hold an intervention: its logits are those of `model` with `interventions` at `beta`, exactly but
 * for rounding. Weights that stay as they are are shared, not copied. What can be held:
 * - at `attn_out` and `mlp_out` every kind but `dynamic`: `scale` multiplies the output projection and its bias,
 *   `ablate` and `replace` by 1 − β, `project` takes the direction out of both, `add` and `replace` go into the bias;
 * - at `z` the same, in the rows of the output projection that belong to each head;
 * - at `resid_pre`, `resid_mid` and `resid_post` `add` alone: what is added to the stream may as well be added to the
 *   output that was added to it last (before the first block: to the embedding).
 *
 * Throws `ArgumentError` naming the key of what cannot be held (edits tied to positions, `dynamic`, other edits of the
 * residual stream, vectors where there is no bias), what `forward` throws for maps that do not fit, and `NumericsError`
 * when a weight becomes too large for its dtype.
 */
export function bake(model: Model, interventions: Interventions, options: BakeOptions = {}): Model {
  const { beta = 1, addBiases = false, dtype = "auto" } = options;
  if (!Number.isFinite(beta)) throw new ArgumentError("bake", `beta is ${beta}`, { hint: "Use a finite number." });
  const targets = bakeTargets(resolveEdits(interventions, model.config), model.config, beta);
  const lacking = targets.filter(({ target, edits }) => lacksBias(target, edits, model.config));
  if (lacking.length > 0 && !addBiases) throw noBias(lacking[0]!.target, lacking[0]!.edits);
  const config = lacking.reduce((sum, { target }) => withBiases(sum, target.part), model.config);
  const nameOf = ({ part, layer }: Target, kind: "weight" | "bias") =>
    storedName(config, model.prefix, weightName(config, part, layer, kind));
  const weights: Record<string, Tensor> = { ...model.weights };
  for (const [name, shape] of Object.entries(weightShapes(config))) {
    weights[storedName(config, model.prefix, name)] ??= outsideStep(() => zeros(shape, { dtype: model.dtype }));
  }
  for (const { target, edits } of targets) {
    const [weight, bias] = [nameOf(target, "weight"), nameOf(target, "bias")];
    step(() => {
      const folded = fold({ rows: weights[weight]!, bias: weights[bias] }, target, edits, config, beta);
      weights[weight] = keep(weight, folded.rows, weights[weight]!, dtype);
      if (folded.bias !== undefined) weights[bias] = keep(bias, folded.bias, weights[bias]!, dtype);
    });
  }
  return new Model(config, weights, model.tokenizer, model.name);
}

/** Folds edits into one part, whose matrix lies as its family stores it. */
function fold(
  stored: Projection,
  { part }: Target,
  edits: readonly ResolvedEdit[],
  config: GPTConfig,
  beta: number,
): Projection {
  const { rows, bias } = { rows: widened(stored.rows), bias: stored.bias && widened(stored.bias) };
  if (part === "embed" || part === "pos_embed") {
    return { rows: edits.reduce((table, edit) => editRows(edit, table, beta), rows), bias };
  }
  const lie = (x: Tensor) => (familyOf(config).matrices === "out_in" ? transpose(x) : x);
  let folded: Projection = { rows: lie(rows), bias };
  // The edit nearest to the projection goes first.
  const before = edits.filter(({ place }) => place.site === "z").reverse();
  for (const edit of before) folded = withInputEdited(edit, folded, beta, [config.n_heads, config.d_head]);
  const after = edits.filter(({ place }) => place.site !== "z");
  for (const edit of after) folded = withOutputEdited(edit, folded, beta);
  return { rows: lie(folded.rows), bias: folded.bias };
}

function widened(x: Tensor): Tensor {
  return isHalf(x.dtype) ? x.cast("f32") : x;
}

/** A copy that outlives the step, in the dtype that the weight had; the weight itself where nothing changed. */
function keep(name: string, folded: Tensor, before: Tensor, wanted: "auto" | "f32"): Tensor {
  const values = folded.toTypedArray();
  const old = widened(before).toTypedArray();
  if (values.every((value, i) => value === old[i])) return before;
  const dtype = wanted === "f32" && isHalf(before.dtype) ? "f32" : before.dtype;
  const kept = outsideStep(() => tensor(values as Float32Array, { dtype, shape: folded.shape }));
  const bad = firstNotFinite(kept.storage.data(), dtype as WeightDType, 0, kept.size);
  if (bad < 0) return kept;
  throw new NumericsError("bake", `${name} would hold ${values[bad]} at element ${bad}, too large for ${dtype}`, {
    ...(isHalf(dtype) && { hint: 'Keep what changes in float32: { dtype: "f32" }.' }),
  });
}

const isAttention = (part: Part) => part === "attn_proj";
/** What `config.json` calls the switch for the biases of a part. */
const flagOf = (part: Part) => (isAttention(part) ? "attention_bias" : "mlp_bias");

function withBiases(config: GPTConfig, part: Part): GPTConfig {
  return { ...config, ...(isAttention(part) ? { attn_bias: true } : { mlp_bias: true }) };
}

function noBias({ part }: Target, edits: readonly ResolvedEdit[]): ArgumentError {
  const { key } = edits.find(addsConstant)!;
  const output = isAttention(part) ? "attention" : "MLP";
  return new ArgumentError("bake", `"${key}" adds a vector, and this model's ${output} output has no bias to hold it`, {
    hint: `addBiases (--add-biases) switches ${flagOf(part)} on in its config.json, with biases of 0 elsewhere.`,
  });
}
