import type { Tensor } from "../../autograd";

/** Which blocks and positions an intervention edits. */
export interface Where {
  /** A block or several, in the order of the tensor's layer axis. Default: all. Only for a site key, not for one place. */
  layers?: number | readonly number[];
  /**
   * A token position or several, in the order of the tensor's position axis: from the start of each prompt, or from its
   * end with negative numbers. Default: 0, 1, … for a tensor with a position axis, else every position. `"all"` says
   * that the tensor has no position axis.
   */
  positions?: number | readonly number[] | "all";
}

/**
 * An edit of an activation `h`, as plain data. β (the `beta` of `forward`, default 1) dials all kinds.
 * - `scale`: `h · (1 + β·α)` (paper, Eq. 5)
 * - `add`: `h + β·v`
 * - `dynamic`: `h · (1 + β·(g·ĥ + b))`, `ĥ = h / rms(h)`, or `ĥ = h` without `normalize` (paper, Sec. 5; ĥ and b ours)
 * - `replace`: `h + β·(value − h)`
 * - `ablate`: `h · (1 − β)`
 * - `project`: `h − β·(h·u)·u`, `u` the direction with length 1
 */
export type Intervention = Where &
  (
    | { readonly kind: "scale"; readonly alpha: Tensor | number }
    | { readonly kind: "add"; readonly v: Tensor | number }
    | { readonly kind: "dynamic"; readonly g: Tensor; readonly b: Tensor; readonly normalize: boolean }
    | { readonly kind: "replace"; readonly value: Tensor | number }
    | { readonly kind: "ablate" }
    | { readonly kind: "project"; readonly direction: Tensor }
  );

/** What to edit where: keys are sites (`mlp_out`) or places (`blocks.3.mlp_out`); lists apply in order. */
export type Interventions = Readonly<Record<string, Intervention | readonly Intervention[]>>;

/**
 * Multiplies activations by `1 + β·α`; `α = 0` changes nothing. `alpha`: a number, `[layers, positions]`, `[layers]`
 * (all positions), or `[layers, positions, heads]` at `z`. For one place the layer axis is left out.
 */
export function scale(alpha: Tensor | number, at: Where = {}): Intervention {
  return { kind: "scale", alpha, ...at };
}

/** Adds `β·v`. `v`: a number, `[layers, positions, d_model]`, or `[layers, d_model]`; at `z`, `[…, heads, d_head]`. */
export function add(v: Tensor | number, at: Where = {}): Intervention {
  return { kind: "add", v, ...at };
}

/** Scales by a learned function of the activation itself. `g [layers, d_model]`, `b [layers]`. */
export function dynamic(g: Tensor, b: Tensor, at: Where & { normalize?: boolean } = {}): Intervention {
  return { kind: "dynamic", g, b, ...at, normalize: at.normalize ?? true };
}

/** Puts `value` in place of the activation; shapes as for `add`. */
export function replace(value: Tensor | number, at: Where = {}): Intervention {
  return { kind: "replace", value, ...at };
}

/** Sets activations to zero. */
export function ablate(at: Where = {}): Intervention {
  return { kind: "ablate", ...at };
}

/** Removes what lies along a direction (of any length but 0); shapes as for `add`. */
export function project(direction: Tensor, at: Where = {}): Intervention {
  return { kind: "project", direction, ...at };
}
