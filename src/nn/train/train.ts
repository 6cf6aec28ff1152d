import {
  Adam,
  type AdamOptions,
  clipGradients,
  crossEntropy,
  NumericsError,
  type Parameters,
  parameter,
  type Schedule,
  step,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../../autograd";
import { checkState } from "../../autograd/internal";
import { pacer } from "../../io/pause";
import type { Model } from "../model/model";

/** Where a training run stands; everything that it needs to go on with the same bits. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  weights: Parameters;
  optimizer: { count: number; tensors: Parameters };
}

/** How a training step went. */
export interface StepReport {
  /** Counted from 1. */
  step: number;
  loss: number;
  lr: number;
  gradientNorm: number;
}

/** How a model is trained. */
export interface TrainOptions extends Omit<AdamOptions, "lr"> {
  steps: number;
  /**
   * The loss of a step, a scalar, e.g. `(model, step) => languageModelLoss(model, batch(step))`. What it draws must
   * depend on the step alone, so that a resumed run sees the same.
   */
  loss: (model: Model, step: number) => Tensor;
  lr: number | Schedule;
  /** Largest joint norm of the gradients. Default 1. */
  clip?: number;
  /** Go on from here. */
  resume?: TrainingState;
  /** Called after each step. */
  onStep?: (report: StepReport) => void;
  /** The state is a copy. Called every `saveEvery` steps and at the end. */
  onSave?: (state: TrainingState) => void | Promise<void>;
  /** Default 500. */
  saveEvery?: number;
}

/**
 * Trains a model in place: AdamW, clipping, a schedule, saved states.
 * Throws `NumericsError` when the loss is no longer finite; the last saved state is then still good.
 */
export async function train(model: Model, options: TrainOptions): Promise<void> {
  const { steps, lr, clip = 1, resume, onStep, onSave, saveEvery = 500 } = options;
  const weights = model.weights as Record<string, Tensor>;
  const rate: Schedule = typeof lr === "number" ? () => lr : lr;
  const optimizer = new Adam(weights, { ...options, lr: rate(0) });
  if (resume !== undefined) {
    for (const [name, weight] of Object.entries(weights)) checkState("train", name, weight, resume.weights[name]);
    optimizer.restore(resume.optimizer);
    for (const [name, weight] of Object.entries(weights)) weight.assign(resume.weights[name]!);
  }
  const breathe = pacer();
  for (let at = resume?.step ?? 0; at < steps; at++) {
    const report = step(() => {
      const { value, grads } = valueAndGrad((w: Record<string, Tensor>) => options.loss(model.withWeights(w), at))(
        weights,
      );
      const loss = value.item();
      if (!Number.isFinite(loss)) {
        throw new NumericsError("train", `the loss is ${loss} at step ${at + 1}`, {
          hint: "Lower the learning rate, or go on from the last saved state.",
        });
      }
      const clipped = clipGradients(grads, clip);
      if (!Number.isFinite(clipped.norm)) {
        throw new NumericsError("train", `the gradients are not finite at step ${at + 1}`, {
          hint: "Lower the learning rate, or go on from the last saved state.",
        });
      }
      optimizer.step(clipped.grads, rate(at));
      return { step: at + 1, loss, lr: rate(at), gradientNorm: clipped.norm };
    });
    onStep?.(report);
    const isLast = at + 1 === steps;
    if (onSave && ((at + 1) % saveEvery === 0 || isLast)) {
      const copies = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, parameter(weight)]));
      await onSave({ step: at + 1, weights: copies, optimizer: optimizer.state() });
    }
    await breathe();
  }
}

/** Mean cross-entropy per next token, in nats. */
export function languageModelLoss(model: Model, sequences: readonly (readonly number[])[]): Tensor {
  const inputs = sequences.map((ids) => ids.slice(0, -1));
  const length = Math.max(...inputs.map((ids) => ids.length));
  const targets = sequences.flatMap((ids) => {
    const next: number[] = ids.slice(1);
    return [...new Array<number>(length - next.length).fill(ignored), ...next];
  });
  const { logits } = model.forward(inputs);
  const flat = logits.reshape([sequences.length * length, model.config.vocab_size]);
  return crossEntropy(flat, tensor(targets, { dtype: "i32" }), { ignoreIndex: ignored });
}

const ignored = -100;
