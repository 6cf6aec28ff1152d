import { ArgumentError, type Tensor, tensor } from "../../autograd";
import {
  add,
  CheckpointError,
  type GPTConfig,
  type Interventions,
  type Model,
  placeName,
  type StoredTensor,
} from "../../nn";
import { toFloat32 } from "../../nn/checkpoint/safetensors/values";
import type { FoldedEdit } from "./fold-beta";

/**
 * `direction.N` of a control vector is added to what leaves block N, at every position: to `resid_post` of block N.
 * llama.cpp has no `direction.0`, so that block 0 cannot be steered.
 */
const site = "resid_post";

/**
 * The directions that do the same as the edits, by block. Exact are additions at `resid_post`, at `mlp_out` of the same
 * block, at `resid_pre` of the next, and at `attn_out` where the MLP does not read it. Vectors of zeros are left out.
 *
 * @throws ArgumentError naming the key and what a control vector cannot express.
 */
export function directionsOf(edits: readonly FoldedEdit[], config: GPTConfig): Map<number, Float32Array> {
  const directions = new Map<number, Float32Array>();
  for (const edit of edits) {
    const v = edit.kind === "add" ? numbersOf(edit.values.v!) : [];
    if (edit.kind === "add" && v.every((x) => x === 0)) continue;
    const block = blockOf(edit, config);
    const direction = directions.get(block) ?? new Float32Array(config.d_model);
    directions.set(
      block,
      direction.map((x, i) => x + v[v.length === 1 ? 0 : i]!),
    );
  }
  if (directions.size > 0) return directions;
  throw new ArgumentError("export", "no direction to write: the map is empty, or all its vectors are zero");
}

const numbersOf = (x: Tensor | number) => (typeof x === "number" ? [x] : x.toTypedArray());

function blockOf({ kind, place: { site, layer }, positions, key, source }: FoldedEdit, config: GPTConfig): number {
  const refuse = (why: string, hint?: string) =>
    new ArgumentError("export", `"${key}" ${why}`, {
      hint: hint ?? "Export to .npz or .safetensors, which hold every intervention.",
    });
  if (kind !== "add") throw refuse(`is no plain addition (${source}), and a control vector only adds`);
  if (positions !== undefined) {
    throw refuse("depends on the position, and a control vector adds the same at every position");
  }
  const block = { resid_pre: layer - 1, mlp_out: layer, resid_post: layer, attn_out: layer, resid_mid: -1, z: -1 }[
    site
  ];
  if (site === "z" || site === "resid_mid" || (site === "attn_out" && !config.parallel_residual)) {
    const why = site === "z" ? "is projected first" : "is read by the MLP of the same block";
    throw refuse(`edits ${placeName(site, layer)}, which ${why}: no vector added after the block does the same`);
  }
  if (block >= 1) return block;
  throw refuse(
    `edits ${placeName(site, layer)}, and control vectors start at what leaves block 1 (direction.1)`,
    "Leave that block out, or export to .npz or .safetensors.",
  );
}

/** Directions as an intervention map. Throws `CheckpointError` for those that do not fit the model. */
export function editsFromDirections(
  directions: ReadonlyMap<number, StoredTensor>,
  model: Model,
  source: string,
): Interventions {
  const { n_layers, d_model } = model.config;
  const { dtype } = model;
  const entries = [...directions].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    entries.map(([block, stored]) => {
      const misfit = (has: string, needs: string) =>
        new CheckpointError(source, `"${stored.name}" does not fit "${model.name}"`, {
          details: { stored: has, model: needs },
        });
      if (block >= n_layers) throw misfit(`block ${block}`, `blocks 0-${n_layers - 1}`);
      if (stored.shape[0] !== d_model) throw misfit(`${stored.shape[0]} values`, `d_model ${d_model}`);
      const values = toFloat32(stored, source);
      if (!values.every(Number.isFinite)) {
        throw new CheckpointError(source, `"${stored.name}" holds values that are not finite`);
      }
      return [placeName(site, block), add(tensor(values, { dtype, shape: [d_model] }))];
    }),
  );
}
