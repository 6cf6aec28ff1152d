import { equal, mul, add as plus, sub, sum, type Tensor, where, zeros } from "../../autograd";

/** Which blocks and positions an intervention edits. */
export interface Where {
  /** Blocks, in the order of the tensor's layer axis. Default: all. Only for a site key, not for one place. */
  layers?: readonly number[];
  /**
   * Token positions, in the order of the tensor's position axis: from the start of each prompt, or from its end with
   * negative numbers. Default: 0, 1, … for a tensor with a position axis, else every position. `"all"` says that the
   * tensor has no position axis.
   */
  positions?: readonly number[] | "all";
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

/** The parameters of an intervention by name, each with the axes it has beyond layers and positions. */
export type Feature = "none" | "model";
export function parametersOf(edit: Intervention): Record<string, { value: Tensor | number; feature: Feature }> {
  switch (edit.kind) {
    case "scale":
      return { alpha: { value: edit.alpha, feature: "none" } };
    case "add":
      return { v: { value: edit.v, feature: "model" } };
    case "dynamic":
      return { g: { value: edit.g, feature: "model" }, b: { value: edit.b, feature: "none" } };
    case "replace":
      return { value: { value: edit.value, feature: "model" } };
    case "ablate":
      return {};
    case "project":
      return { direction: { value: edit.direction, feature: "model" } };
  }
}

/** Keeps an activation of exactly 0 finite when it is divided by its root mean square. */
const tiny = 1e-12;

/**
 * Applies one edit to `h [batch, positions, …]`. `p`: its parameters at this block, broadcastable against `h`; `beta`:
 * a number or one per prompt, broadcastable too; `features`: how many trailing axes of `h` make up one activation.
 */
export function applyEdit(
  edit: Intervention,
  h: Tensor,
  p: Record<string, Tensor | number>,
  beta: Tensor | number,
  features: readonly number[],
): Tensor {
  const dial = (x: Tensor | number): Tensor | number =>
    typeof x === "number" && typeof beta === "number" ? x * beta : beta === 1 ? x : mul(x, beta);
  switch (edit.kind) {
    case "scale":
      return mul(h, onePlus(dial(p.alpha!)));
    case "add":
      return plus(h, dial(p.v!));
    case "dynamic": {
      const hat = edit.normalize ? mul(h, h.square().mean(features, true).add(tiny).rsqrt()) : h;
      const alpha = plus(sum(mul(hat, p.g!), features, true), p.b!);
      return mul(h, onePlus(dial(alpha)));
    }
    case "replace":
      return beta === 1 ? plus(zeros(h.shape, { dtype: h.dtype }), p.value!) : plus(h, dial(sub(p.value!, h)));
    case "ablate":
      return mul(h, onePlus(dial(-1)));
    case "project": {
      const direction = p.direction as Tensor;
      // Positions that the edit does not cover hold a direction of 0, which must not become NaN in the gradient.
      const length2 = direction.square().sum(features, true);
      const unit = mul(direction, where(equal(length2, 0), 1, length2).rsqrt());
      const along = sum(mul(h, unit), features, true);
      return sub(h, dial(mul(along, unit)));
    }
  }
}

function onePlus(x: Tensor | number): Tensor | number {
  return typeof x === "number" ? 1 + x : plus(x, 1);
}
