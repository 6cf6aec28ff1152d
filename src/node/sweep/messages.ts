import type { FailedTrial, SweepTrial, TrialResult } from "../../steering";
import type { NodeLoadOptions } from "../load";

/** The first message to a worker: its model. Paths and names as the user gave them. */
export interface Start {
  readonly source: string | undefined;
  readonly load: NodeLoadOptions;
  /** Of the model that the sweep is about. */
  readonly fingerprint: string;
}

/** All further messages to a worker: one trial at a time. */
export type Order = SweepTrial;

/** From a worker. */
export type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "done"; readonly result: TrialResult }
  | { readonly kind: "failed"; readonly failed: FailedTrial }
  | { readonly kind: "error"; readonly message: string };
