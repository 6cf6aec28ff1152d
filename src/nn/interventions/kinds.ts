import { equal, mul, add as plus, sub, sum, type Tensor, where, zeros } from "../../autograd";
import type { Intervention } from "./edits";

/** A parameter of an edit at one place. */
export type Value = Tensor | number;
export type Values = Readonly<Record<string, Value>>;

/**
 * The axes that a parameter may have beyond layers and positions, at a site whose activation has the shape `feature`: the
 * fewest first. Leading ones of `feature`; axes that are left out have size 1 in the normal form.
 */
type Axes = (feature: readonly number[]) => readonly (readonly number[])[];
const oneNumber: Axes = () => [[]];
const oneForEachHead: Axes = (feature) => (feature.length > 1 ? [[], feature.slice(0, -1)] : [[]]);
const wholeActivation: Axes = (feature) => [feature];

/** What a formula needs beside the activation and the parameters. */
interface Setting {
  /** A number, or one for each prompt that broadcasts against `h`. */
  readonly beta: Value;
  /** Multiplies by β. */
  readonly dial: (x: Value) => Value;
  /** The axes of `h` that make up one activation. */
  readonly axes: readonly number[];
  readonly flags: Readonly<Record<string, boolean>>;
}

/**
 * One kind of edit. Most are `h → A·h + c`, which weights can hold: those declare `linear` and `constant`. Parameters
 * broadcast against `h [.., activation]`.
 */
export interface EditKind {
  readonly parameters: Readonly<Record<string, Axes>>;
  /** Switches beside the parameters, with their defaults. */
  readonly flags?: Readonly<Record<string, boolean>>;
  /** Its parameters never have an axis of positions. */
  readonly sharesPositions?: boolean;
  /** Changes nothing where all its parameters are 0. */
  readonly restsAtZero?: boolean;
  /** `A·h`; left out: `h`. */
  readonly linear?: (h: Tensor, p: Values, setting: Setting) => Tensor;
  /** `c`; left out: none. */
  readonly constant?: (p: Values, setting: Setting) => Value;
  /** In place of both, what is no such map. */
  readonly formula?: (h: Tensor, p: Values, setting: Setting) => Tensor;
  /** The edits that do at β = 1 what this one does at β; left out where there are none. */
  readonly foldBeta?: (p: Values, dial: (x: Value) => Value) => readonly (readonly [kind: KindName, values: Values])[];
}

export type KindName = Intervention["kind"];

/** Keeps an activation of exactly 0 finite when it is divided by its root mean square. */
const tiny = 1e-12;

/** Every kind of edit: the forward pass, baking, files and `describePositions` read them here. */
export const editKinds: Readonly<Record<KindName, EditKind>> = {
  scale: {
    parameters: { alpha: oneForEachHead },
    restsAtZero: true,
    linear: (h, { alpha }, { dial }) => mul(h, onePlus(dial(alpha!))),
    foldBeta: ({ alpha }, dial) => [["scale", { alpha: dial(alpha!) }]],
  },
  add: {
    parameters: { v: wholeActivation },
    restsAtZero: true,
    constant: ({ v }, { dial }) => dial(v!),
    foldBeta: ({ v }, dial) => [["add", { v: dial(v!) }]],
  },
  dynamic: {
    parameters: { g: wholeActivation, b: oneNumber },
    flags: { normalize: true },
    sharesPositions: true,
    formula: (h, { g, b }, { dial, axes, flags }) => {
      const hat = flags.normalize ? mul(h, h.square().mean(axes, true).add(tiny).rsqrt()) : h;
      return mul(h, onePlus(dial(plus(sum(mul(hat, g!), axes, true), b!))));
    },
    foldBeta: ({ g, b }, dial) => [["dynamic", { g: dial(g!), b: dial(b!) }]],
  },
  replace: {
    parameters: { value: wholeActivation },
    // At β = 1 nothing of the activation is left, not even what is not finite.
    linear: (h, _, { beta, dial }) => (beta === 1 ? zeros(h.shape, { dtype: h.dtype }) : mul(h, onePlus(dial(-1)))),
    constant: ({ value }, { dial }) => dial(value!),
    foldBeta: ({ value }, dial) => [
      ["scale", { alpha: dial(-1) }],
      ["add", { v: dial(value!) }],
    ],
  },
  ablate: {
    parameters: {},
    linear: (h, _, { dial }) => mul(h, onePlus(dial(-1))),
    foldBeta: (_, dial) => [["scale", { alpha: dial(-1) }]],
  },
  project: {
    parameters: { direction: wholeActivation },
    linear: (h, { direction }, { dial, axes }) => {
      const d = direction as Tensor;
      // Positions that the edit does not cover hold a direction of 0, which must not become NaN in the gradient.
      const length2 = d.square().sum(axes, true);
      const unit = mul(d, where(equal(length2, 0), 1, length2).rsqrt());
      return sub(h, dial(mul(sum(mul(h, unit), axes, true), unit)));
    },
  },
};

/** The edit of `h`: `linear` and `constant` together, or the formula in place of both. */
export function applyKind(kind: KindName, h: Tensor, p: Values, setting: Omit<Setting, "dial">): Tensor {
  const { linear, constant, formula } = editKinds[kind];
  const full = { ...setting, dial: dialBy(setting.beta) };
  if (formula !== undefined) return formula(h, p, full);
  const kept = linear === undefined ? h : linear(h, p, full);
  return constant === undefined ? kept : plus(kept, constant(p, full));
}

/** `A·h` of an edit that is `h → A·h + c`. */
export function applyLinear(kind: KindName, h: Tensor, p: Values, setting: Omit<Setting, "dial">): Tensor {
  const { linear } = editKinds[kind];
  return linear === undefined ? h : linear(h, p, { ...setting, dial: dialBy(setting.beta) });
}

/** Multiplies by β; at β = 1 a tensor stays the one that it is. */
function dialBy(beta: Value): (x: Value) => Value {
  return (x) => (typeof x === "number" && typeof beta === "number" ? x * beta : beta === 1 ? x : mul(x, beta));
}

function onePlus(x: Value): Value {
  return typeof x === "number" ? 1 + x : plus(x, 1);
}
