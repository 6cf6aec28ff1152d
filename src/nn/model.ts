import { ArgumentError, countElements, embedding, type Tensor, tensor } from "../autograd";
import type { GPTConfig } from "./config";
import { type GenerateOptions, generate } from "./generate";
import { gpt2, unembed, type Weights } from "./gpt";
import type { Interventions } from "./interventions";
import { planInterventions, type Tap } from "./plan";
import { checkPrompts } from "./prompts";
import { parsePlace, placeName } from "./sites";
import type { Tokenizer } from "./tokenizer";

export interface ForwardOptions {
  /** Edits of activations; an unknown, ill-shaped or unfired one throws. */
  interventions?: Interventions;
  /** β of all interventions, for all prompts or for each. Default 1; 0 computes exactly what no intervention does. */
  beta?: number | readonly number[];
  /** Names of activations to return, e.g. `["blocks.3.mlp_out"]`, or a site for all blocks. */
  capture?: readonly string[];
  /** `"last"`: logits after each prompt's last token only. Default `"all"`. */
  positions?: "all" | "last";
  /** Tokens of each row that belong to the prompt, where rows also hold generated ones. Default: all. */
  promptLengths?: readonly number[];
}

export interface ForwardResult {
  /** `[prompts, positions, vocab_size]`, or `[prompts, vocab_size]` for `positions: "last"`. */
  logits: Tensor;
  /** The captured activations by place name, as they are after interventions. */
  activations: Readonly<Record<string, Tensor>>;
}

/** A GPT: configuration, weights by checkpoint name, tokenizer. Holds no state beyond them. */
export class Model {
  /** What stands before every weight name in this checkpoint, e.g. `transformer.`. */
  readonly prefix: string;

  constructor(
    readonly config: GPTConfig,
    readonly weights: Weights,
    readonly tokenizer?: Tokenizer,
    readonly name = "model",
  ) {
    this.prefix =
      Object.keys(weights)
        .find((key) => key.endsWith("wte.weight"))
        ?.replace(/wte\.weight$/, "") ?? "";
  }

  /** The same model on other weights: how weights are differentiated. */
  withWeights(weights: Weights): Model {
    return new Model(this.config, weights, this.tokenizer, this.name);
  }

  /** Number of stored parameters; a tied embedding counts once. */
  get parameterCount(): number {
    return countElements(this.weights);
  }

  /**
   * Runs token ids through the model. `ids`: one prompt or several, of any lengths: shorter ones are padded behind
   * their end, where no token before can see it, so that a batch gives what each prompt gives alone.
   *
   * Throws `TokenError` for ids outside the vocabulary and prompts that are empty or longer than the context, and what
   * `planInterventions` throws.
   */
  forward(ids: readonly number[] | readonly (readonly number[])[], options: ForwardOptions = {}): ForwardResult {
    const prompts = (typeof ids[0] === "number" ? [ids] : ids) as readonly (readonly number[])[];
    const lengths = checkPrompts(prompts, this.config);
    const length = Math.max(...lengths);
    const promptLengths = options.promptLengths ?? lengths;
    if (promptLengths.length !== lengths.length || promptLengths.some((n, row) => !(n > 0 && n <= lengths[row]!))) {
      throw new ArgumentError("forward", "promptLengths must give 1 to all tokens of each prompt", {
        details: { promptLengths, tokens: lengths },
      });
    }
    const tap = this.tap(options, { promptLengths, length });
    const padded = prompts.flatMap((prompt) => [...prompt, ...new Array<number>(length - prompt.length).fill(0)]);
    const grid = [prompts.length, length];
    const tokens = tensor(padded, { dtype: "i32", shape: grid });
    const positions = tensor(
      Array.from(padded, (_, i) => i % length),
      { dtype: "i32", shape: grid },
    );
    const x = gpt2(this.lookup, this.config, tokens, positions, tap.apply);
    return {
      logits: unembed(this.lookup, this.config, options.positions === "last" ? lastOf(x, lengths) : x),
      activations: tap.captured,
    };
  }

  /** The text that continues a prompt; see `GenerateOptions`. */
  generate(prompt: string, options: GenerateOptions = {}): string {
    return generate(this, prompt, options);
  }

  /** Token ids of a text, exactly as the model reads them. */
  encode(text: string): number[] {
    return this.needTokenizer("encode").encode(text);
  }

  /** The pieces that a text is read as. */
  tokens(text: string): string[] {
    return this.needTokenizer("tokens").tokens(text);
  }

  /** The tokenizer, or an error that says what is missing. */
  needTokenizer(where: string): Tokenizer {
    if (this.tokenizer === undefined) {
      throw new ArgumentError(where, `"${this.name}" was loaded without a tokenizer`, {
        hint: "Put tokenizer.json beside its config.json, or pass token ids.",
      });
    }
    return this.tokenizer;
  }

  private readonly lookup = (name: string): Tensor => {
    const weight = this.weights[this.prefix + name] ?? this.weights[name];
    if (weight === undefined) throw new ArgumentError("model", `no weight "${this.prefix}${name}"`);
    return weight;
  };

  private tap(options: ForwardOptions, batch: { promptLengths: readonly number[]; length: number }) {
    const { interventions = {}, beta = 1, capture = [] } = options;
    const dtype = this.lookup("wte.weight").dtype as "f32" | "f64";
    const edit = planInterventions(interventions, this.config, { ...batch, beta, dtype });
    const wanted = new Set(capture.flatMap((name) => this.placesOf(name)));
    const captured: Record<string, Tensor> = {};
    const apply: Tap = (site, layer, h) => {
      const edited = edit(site, layer, h);
      const name = placeName(site, layer);
      if (wanted.has(name)) captured[name] = edited;
      return edited;
    };
    return { apply, captured };
  }

  private placesOf(name: string): string[] {
    const { site, layer } = parsePlace(name, this.config, "capture");
    const layers = layer === undefined ? Array.from({ length: this.config.n_layers }, (_, l) => l) : [layer];
    return layers.map((l) => placeName(site, l));
  }
}

/** The last real position of each row of `x [prompts, positions, d]`: `[prompts, d]`. */
function lastOf(x: Tensor, lengths: readonly number[]): Tensor {
  const [batch, length, d] = x.shape as [number, number, number];
  const index = tensor(
    lengths.map((n, row) => row * length + n - 1),
    { dtype: "i32" },
  );
  return embedding(x.reshape([batch * length, d]), index);
}
