/** Questions of the page to the worker that computes, and its answers: plain data. */
import type { Kind, Place, PlaceStrength, Site } from "fader";
import type { TaskName } from "fader/steering";

/** Where a model comes from. */
export type ModelSource =
  | { kind: "built-in" }
  /** A dropped folder in Hugging Face layout. */
  | { kind: "files"; files: readonly File[] }
  /** A name on the Hugging Face hub, `owner/model`. */
  | { kind: "hub"; name: string };

export interface ModelInfo {
  name: string;
  source: ModelSource["kind"];
  family: string;
  n_layers: number;
  n_heads: number;
  n_ctx: number;
  d_model: number;
  vocab_size: number;
  parameters: number;
  /** Sites of this model that a fader can turn: those of width `d_model`, and `z` by heads is not among them. */
  sites: Site[];
  fingerprint: string;
  /** A model without a tokenizer is refused. */
  hasTokenizer: true;
}

/** Threads and kernels, for the status line, and the tasks that the library knows. */
export interface EngineStatus {
  threads: number;
  /** Why there is only one thread, if there is: the page is not cross-origin isolated. */
  isolated: boolean;
  backend: string;
  relaxedSimd: boolean;
  /** What can be learned, besides a list of one's own. */
  tasks: readonly TaskWords[];
}

/** A task as the form names it. */
export interface TaskWords {
  readonly name: TaskChoice["kind"];
  /** One or two words for a button. */
  readonly title: string;
  /** The question that its prompts ask. */
  readonly question: string;
}

export interface TokenText {
  id: number;
  /** The text that it adds, with its leading space. */
  text: string;
}

/** α at one place: the activation there is multiplied by `1 + β·alpha`. −1 silences it, 0 leaves it as it is. */
export interface FaderValue extends Required<Place> {
  alpha: number;
}

/** Everything that is done to the model. */
export interface Edit {
  faders: readonly FaderValue[];
  /** Multiplies all of it. 0 is the model as it is. */
  beta: number;
  /** An intervention that faders cannot show (vectors, dynamic scalars), by the handle the worker gave for it. It comes
   * first, and faders multiply what it leaves. */
  carried?: string | undefined;
}

export interface Answers {
  /** Words that follow a space, one token each. */
  correct: string;
  wrong: string;
}

export interface SteerRequest {
  prompt: string;
  edit: Edit;
  answers?: Answers | undefined;
  /** How many of the likeliest tokens of each side to give. Default 8. */
  top?: number;
}

/** A token with its probability in the model as it is and under the edit. */
export interface Outcome extends TokenText {
  clean: number;
  steered: number;
}

export interface SteerResult {
  /** The two answers first (if any), then the others, the likeliest on either side first. */
  outcomes: Outcome[];
  /** logit(correct) − logit(wrong), when there are answers. */
  delta?: { clean: number; steered: number };
  /** KL(clean ‖ steered) over all tokens but the answers (all tokens, if there are no answers). Nats. */
  klOthers: number;
  /** Faders that lie beyond the end of this prompt, and turn nothing. */
  beyond: number;
  milliseconds: number;
}

/** What is learned on: a task family by its name, or prompts of the page. */
export type TaskChoice =
  | { kind: TaskName }
  | {
      kind: "own";
      /** `group`: what the split is made by; the answers where it is missing. */
      prompts: readonly { text: string; correct: string; wrong: string; group?: string }[];
    };

export interface LearnRequest {
  task: TaskChoice;
  method: Kind;
  sites: readonly Site[];
  /** λ_F. */
  faithfulness: number;
  /** λ_M as a multiple of the method's default. */
  minimality: number;
  steps: number;
  seed: number;
}

/** The loss of one update, by its terms, as they enter the sum (weights included). */
export interface LearnProgress {
  step: number;
  steps: number;
  effectiveness: number;
  faithfulness: number;
  minimality: number;
  activeParameters: number;
  /** Strength at each place that is not 0: α of scalars, the norm of what is learned elsewhere. */
  places: PlaceStrength[];
}

export interface DialCurve {
  /** Values of β. */
  betas: number[];
  /** Means over the held-out prompts. */
  correct: number[];
  wrong: number[];
  others: number[];
  delta: number[];
}

/** A measure in the comparison, named and written as the library's table of measures says. */
export interface MeasuredCell {
  name: string;
  label: string;
  /** In a sentence. */
  says: string;
  /** Stands below the cell before it, not beside. */
  isBelow: boolean;
  value: number;
  text: string;
}

/** A row of the comparison; all are measured on the same held-out prompts. */
export interface ComparisonRow {
  handle: string;
  method: Kind;
  sites: Site[];
  cells: MeasuredCell[];
}

export interface Learned {
  handle: string;
  method: Kind;
  /** A held-out prompt to show it on, with its answers. */
  example: { prompt: string } & Answers;
  /** More held-out prompts, to try. At most 24. */
  examples: ({ prompt: string } & Answers)[];
  /** α of every place that is not 0, for scalars; empty for the others, which are carried. */
  faders: FaderValue[];
  /** Strength of every place that is not 0, the largest first: α, or the norm of a vector. */
  places: PlaceStrength[];
  steps: number;
  /** How train and held-out prompts differ, in words. */
  split: string;
  dial: DialCurve;
  /** All that was learned on this task with this seed, which draws the held-out prompts, since the model was opened. */
  comparison: ComparisonRow[];
  warnings: string[];
}

/** Attention of one block: `[heads][queries][keys]`, rows add up to 1. */
export interface AttentionResult {
  tokens: string[];
  clean: number[][][];
  steered: number[][][];
}

export interface LensResult {
  tokens: string[];
  /** From the stream that enters block 0 to that which leaves the last: names of places. */
  places: string[];
  /** `[places][tokens]`: the likeliest next token there, with its probability, and those of the answers. */
  clean: LensCell[][];
  steered: LensCell[][];
}

export interface LensCell {
  text: string;
  probability: number;
  correct?: number;
  wrong?: number;
}

/** An intervention file that was read. */
export interface Imported {
  handle: string;
  method: Kind;
  /** For scalars tied to positions: what the desk shows. Then nothing is carried. */
  faders: FaderValue[];
  /** As in `Learned`. */
  places: PlaceStrength[];
  /** In words: what it was learned on, how many numbers. */
  description: string;
  /** The token that stood at each position when it was learned; empty where it is tied to none. */
  tokens: string[];
}

export interface DownloadProgress {
  file: string;
  /** Bytes. */
  loaded: number;
  total: number;
}

/** The error of every method of the engine. Its own fields are plain data, so that they cross to the page. */
export class EngineError extends Error {
  /** The name of the library's error class, or "EngineError" for what the engine itself refuses. */
  override readonly name: string;
  /** One sentence. */
  readonly problem: string;
  readonly details: Record<string, string>;
  readonly hint?: string | undefined;

  constructor({ name, problem, details, hint }: Pick<EngineError, "name" | "problem" | "details" | "hint">) {
    super(problem);
    this.name = name;
    this.problem = problem;
    this.details = details;
    if (hint !== undefined) this.hint = hint;
  }

  /** The error itself if it is one; otherwise one that says that nobody foresaw it. */
  static of(error: unknown): EngineError {
    if (error instanceof EngineError) return error;
    const message = error instanceof Error ? error.message : String(error);
    const problem = `Something went wrong that was not foreseen: ${message}`;
    return new EngineError({ name: "Unexpected", problem, details: {} });
  }
}

/** The interface of the worker. Every method rejects with an `EngineError`. */
export interface Engine {
  status(): Promise<EngineStatus>;
  /** Closes the model that was open; when this one cannot be opened, the other stays. */
  open(source: ModelSource, onProgress?: (progress: DownloadProgress) => void): Promise<ModelInfo>;
  tokens(prompt: string): Promise<TokenText[]>;
  steer(request: SteerRequest): Promise<SteerResult>;
  /** Ends early when another call of `generate` or `stopGenerating` follows. Resolves with whether it came to its end. */
  generate(
    request: { prompt: string; edit: Edit; maxTokens: number },
    onText: (side: "clean" | "steered", text: string) => void,
  ): Promise<boolean>;
  stopGenerating(): Promise<void>;
  /** Resolves with undefined when it was cancelled. */
  learn(request: LearnRequest, onProgress: (progress: LearnProgress) => void): Promise<Learned | undefined>;
  cancelLearning(): Promise<void>;
  /** Held-out prompts of a task, to fill the desk with. */
  examples(task: TaskChoice): Promise<({ prompt: string } & Answers)[]>;
  attention(request: { prompt: string; edit: Edit; layer: number }): Promise<AttentionResult>;
  lens(request: { prompt: string; edit: Edit; answers?: Answers | undefined }): Promise<LensResult>;
  importIntervention(name: string, bytes: Uint8Array): Promise<Imported>;
  /** The bytes of a file that `fader` and this page read, with what is turned at β = 1. */
  exportIntervention(prompt: string, edit: Edit): Promise<{ name: string; bytes: Uint8Array }>;
  /** The carried intervention itself, to put into a link. */
  carriedBytes(handle: string): Promise<Uint8Array>;
}
