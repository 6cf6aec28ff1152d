import { ArgumentError, DtypeError, mul, parameter, ShapeError, type Tensor, zeros } from "../tensor";
import { contiguous, kernelsFor, outsideStep, sameShape, timed } from "../tensor/internal";

/** Named parameters, or gradients of the same names. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** Options of `Adam`. */
export interface AdamOptions {
  /** Learning rate. */
  lr: number;
  /** Default `[0.9, 0.999]`. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Decoupled weight decay (AdamW). Default 0. */
  weightDecay?: number;
  /** Which parameters decay. Default: those with two axes or more, so not biases and norms. */
  decays?: (name: string, parameter: Tensor) => boolean;
}

/** Adam (Kingma & Ba) with decoupled weight decay (Loshchilov & Hutter). Updates its parameters in place. */
export class Adam {
  private readonly moments: Record<string, { m: Tensor; v: Tensor }> = {};
  private count = 0;

  constructor(
    readonly parameters: Parameters,
    readonly options: AdamOptions,
  ) {
    outsideStep(() => {
      for (const [name, p] of Object.entries(parameters)) {
        this.moments[name] = { m: zeros(p.shape, { dtype: p.dtype }), v: zeros(p.shape, { dtype: p.dtype }) };
      }
    });
  }

  /**
   * One update. `lr` overrides the option, for schedules.
   * @throws `ArgumentError` when a gradient is missing.
   */
  step(grads: Parameters, lr = this.options.lr): void {
    const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decays = (_, p) => p.rank >= 2 } = this.options;
    // All are checked before the first is changed.
    for (const [name, p] of Object.entries(this.parameters)) checkGradient(name, p, grads[name]);
    this.count++;
    for (const [name, p] of Object.entries(this.parameters)) {
      const g = grads[name]!;
      const { m, v } = this.moments[name]!;
      const settings = {
        lr,
        beta1: betas[0],
        beta2: betas[1],
        eps,
        weightDecay: decays(name, p) ? weightDecay : 0,
        correction1: 1 - betas[0] ** this.count,
        correction2: 1 - betas[1] ** this.count,
      };
      timed("adam", [p, g, m, v], () => kernelsFor(p.dtype).adam(p, contiguous(g), m, v, settings));
    }
  }

  /** Everything needed to go on later, copied: number of updates, and the moments as `m.NAME`, `v.NAME`. */
  state(): { count: number; tensors: Record<string, Tensor> } {
    const tensors: Record<string, Tensor> = {};
    for (const [name, { m, v }] of Object.entries(this.moments)) {
      tensors[`m.${name}`] = parameter(m);
      tensors[`v.${name}`] = parameter(v);
    }
    return { count: this.count, tensors };
  }

  /** Goes on from a saved state. */
  restore({ count, tensors }: { count: number; tensors: Parameters }): void {
    for (const [name, { m }] of Object.entries(this.moments)) {
      for (const key of [`m.${name}`, `v.${name}`]) checkState("adam", key, m, tensors[key]);
    }
    for (const [name, { m, v }] of Object.entries(this.moments)) {
      m.assign(tensors[`m.${name}`]!);
      v.assign(tensors[`v.${name}`]!);
    }
    this.count = count;
  }
}

function checkGradient(name: string, p: Tensor, g: Tensor | undefined): void {
  if (!p.layout.isContiguous) throw new ArgumentError("adam", `"${name}" is a view: make it with parameter()`);
  if (g === undefined) throw new ArgumentError("adam", `no gradient for "${name}"`);
  if (!sameShape(g.shape, p.shape)) {
    throw new ShapeError("adam", `the gradient of "${name}" has another shape`, {
      details: { parameter: p.shape, gradient: g.shape },
    });
  }
  if (g.dtype !== p.dtype) throw new DtypeError("adam", `"${name}" is ${p.dtype}, its gradient ${g.dtype}`);
}

/** Throws unless a saved tensor is there and fits. */
export function checkState(where: string, name: string, now: Tensor, saved: Tensor | undefined): void {
  if (saved === undefined) throw new ArgumentError(where, `the saved state has no "${name}"`);
  if (!sameShape(saved.shape, now.shape)) {
    throw new ShapeError(where, `the saved "${name}" has another shape`, {
      details: { now: now.shape, saved: saved.shape },
    });
  }
}

/** Scales all gradients so that their joint L2 norm is at most `maxNorm`; also returns the norm before. */
export function clipGradients<G extends Parameters>(grads: G, maxNorm: number): { grads: G; norm: number } {
  const norm = Math.sqrt(Object.values(grads).reduce((total, g) => total + g.square().sum().item(), 0));
  if (norm <= maxNorm) return { grads, norm };
  const scaled = Object.entries(grads).map(([name, g]) => [name, mul(g, maxNorm / norm)]);
  return { grads: Object.fromEntries(scaled), norm };
}

/** Gives the learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** Options of `cosineSchedule`. */
export interface CosineOptions {
  /** Highest rate. */
  lr: number;
  /** Updates in all. */
  steps: number;
  /** Steps of linear warm-up. Default 0. */
  warmup?: number;
  /** Lowest rate, reached at the last step. Default 0. */
  minLr?: number;
}

/** A schedule: linear warm-up, then half a cosine down to `minLr`. */
export function cosineSchedule({ lr, steps, warmup = 0, minLr = 0 }: CosineOptions): Schedule {
  return (step) => {
    if (step < warmup) return (lr * (step + 1)) / warmup;
    const share = Math.min(1, (step - warmup) / Math.max(1, steps - 1 - warmup));
    return minLr + 0.5 * (lr - minLr) * (1 + Math.cos(Math.PI * share));
  };
}
