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
export interface Order {
  readonly trial: SweepTrial;
  readonly keep: Keep;
}

/** What a worker hands back: what it measured, or what it learned. */
export type Keep = "measures" | "intervention";

/** From a worker. */
export type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly share: number }
  /** What was learned comes as `LearnedIntervention.toBytes` writes it. */
  | { readonly kind: "done"; readonly result: TrialResult; readonly bytes: Uint8Array }
  | { readonly kind: "learned"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly failed: FailedTrial }
  | { readonly kind: "error"; readonly message: string };
