import type { Site } from "fader";
import type { Answers, FaderValue } from "../protocol";

/** A text to begin with, for the built-in model. */
export interface Example extends Answers {
  readonly name: string;
  readonly prompt: string;
  /** A fader that turns the answer, to be pointed at. */
  readonly pointAt?: FaderValue;
}

const conflict = (country: string, correct: string, wrong: string): Example => ({
  name: `${correct} or ${wrong}?`,
  prompt: `The capital of ${country} is ${wrong}.\nQ: What is the capital of ${country}?\nA:`,
  correct,
  wrong,
  // The one place that decides between knowledge and context (docs/sparsity.md).
  pointAt: { site: "attn_out" as Site, layer: 1, position: 19, alpha: -0.5 },
});

export const examples: readonly Example[] = [
  conflict("Italy", "Rome", "London"),
  conflict("Poland", "Warsaw", "London"),
  conflict("Japan", "Tokyo", "Paris"),
];
