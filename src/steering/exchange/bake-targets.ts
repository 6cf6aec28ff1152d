import { ArgumentError, isTensor, type TensorLike } from "../../autograd";
import { type GPTConfig, sites } from "../../nn";
import { familyOf, type Part } from "../../nn/families";
import { editKinds } from "../../nn/interventions/kinds";
import type { ResolvedEdit } from "../../nn/interventions/resolve";
import { hasBias } from "../../nn/model/weights";
import { addsConstant } from "./projection";

/** The weights that hold edits: an output projection, or the table that starts the residual stream. */
export interface Target {
  readonly part: Part;
  readonly layer?: number;
}

/**
 * The edits that each weight has to hold, in the order in which the forward pass meets them, without those that change
 * nothing. Throws `ArgumentError` for what weights cannot hold.
 */
export function bakeTargets(
  edits: readonly ResolvedEdit[],
  config: GPTConfig,
  beta: number,
): { target: Target; edits: ResolvedEdit[] }[] {
  const found = new Map<string, { target: Target; edits: ResolvedEdit[] }>();
  const active = edits.filter((edit) => !isIdentity(edit, beta));
  for (const edit of active.sort((a, b) => timeOf(a) - timeOf(b))) {
    checkEdit(edit);
    const target = targetOf(edit, config);
    const name = `${target.part} ${target.layer}`;
    const entry = found.get(name) ?? { target, edits: [] };
    entry.edits.push(edit);
    found.set(name, entry);
  }
  return [...found.values()];
}

/** Whether edits of a target need a bias that the model does not have. */
export function lacksBias({ part }: Target, edits: readonly ResolvedEdit[], config: GPTConfig): boolean {
  const isTable = part === "embed" || part === "pos_embed";
  return !isTable && !hasBias(config, part) && edits.some(addsConstant);
}

function checkEdit({ key, place: { site }, kind, positions }: ResolvedEdit): void {
  if (positions !== undefined) {
    throw new ArgumentError("bake", `"${key}" is tied to positions, and weights are the same at all of them`, {
      hint: 'What was learned with { positions: "all" } can be baked.',
    });
  }
  const { formula, linear } = editKinds[kind];
  if (formula !== undefined) {
    throw new ArgumentError("bake", `"${key}" is ${kind}: its factor depends on the activation, weights do not`);
  }
  if (site.startsWith("resid") && linear !== undefined) {
    const hint = "There only add can be baked; at attn_out, mlp_out and z the other kinds as well.";
    throw new ArgumentError("bake", `"${key}" would ${kind} the residual stream, which no one weight writes`, {
      hint,
    });
  }
}

/** What is added to the residual stream may as well be added to what was added to it last. */
function targetOf({ key, place: { site, layer } }: ResolvedEdit, config: GPTConfig): Target {
  if (site === "z" || site === "attn_out" || site === "resid_mid") return { part: "attn_proj", layer };
  if (site !== "resid_pre") return { part: "mlp_proj", layer };
  if (layer > 0) return { part: "mlp_proj", layer: layer - 1 };
  // Each token has one position, so that the table of positions can hold what all tokens get.
  if (familyOf(config).names.pos_embed !== undefined) return { part: "pos_embed" };
  if (!config.tie_word_embeddings) return { part: "embed" };
  throw new ArgumentError("bake", `"${key}" adds to the embedding at block 0, which is the head of this model as well`);
}

/** When the forward pass meets a place. */
function timeOf({ place: { site, layer } }: ResolvedEdit): number {
  return layer * sites.length + sites.indexOf(site);
}

/** Learned interventions are full of scalars and vectors of 0, which ask nothing of the weights. */
function isIdentity({ kind, values }: ResolvedEdit, beta: number): boolean {
  return beta === 0 || (editKinds[kind].restsAtZero === true && Object.values(values).every(isZero));
}

function isZero(value: TensorLike): boolean {
  return isTensor(value) ? value.toTypedArray().every((x) => x === 0) : value === 0;
}
