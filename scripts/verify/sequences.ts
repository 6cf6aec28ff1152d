// biome-ignore-all lint/suspicious/noExplicitAny: the expected values of a fixture folder are checked as they are used.
import { crossEntropy, step, tensor } from "fader/autograd";
import { generateIds, type Model } from "fader/nn";
import { largestError, numbers, type Report } from "./compare";
import { logitBound } from "./probes";

/** Greedy continuations as users get them, token for token; `greedy24` also has the logits at each position. */
export function verifyGeneration(model: Model, { greedy, greedy24, greedy200 }: any, report: Report): void {
  const check = (what: string, prompt: number[], want: number[]) => {
    const got = generateIds(model, prompt, { maxTokens: want.length, stopTokens: [] });
    const wrong = want.filter((id, i) => got[i] !== id).length + Math.max(0, got.length - want.length);
    report.add("generated tokens", what, wrong, 0);
  };
  if (greedy) check("greedy", greedy.prompt, greedy.new_tokens);
  if (greedy200) check("greedy200", greedy200.tokens.slice(0, 1), greedy200.tokens.slice(1));
  if (!greedy24) return;
  check("greedy24", greedy24.tokens.slice(0, 1), greedy24.tokens.slice(1));
  const got = step(() => model.forward(greedy24.tokens).logits);
  report.add("logits", "greedy24", largestError(got.toTypedArray(), numbers(greedy24.logits)), logitBound);
}

/** Mean of −log p(next token), for a sequence or over several of one length. */
export function verifyPerplexity(model: Model, { greedy200, perplexity }: any, report: Report): void {
  if (!perplexity) return;
  const mean = (sequences: number[][]) => {
    const targets = tensor(
      sequences.flatMap((ids) => ids.slice(1)),
      { dtype: "i32" },
    );
    return step(() => {
      const { logits } = model.forward(sequences.map((ids) => ids.slice(0, -1)));
      return crossEntropy(logits.reshape([-1, logits.shape.at(-1)!]), targets);
    }).item();
  };
  const { greedy200_mean_nll, sampled_mean_nll, sampled_tokens, random_mean_nll, random_tokens } = perplexity;
  const check = (what: string, want: number | undefined, sequences: number[][] | undefined) => {
    if (want === undefined || sequences === undefined) return;
    report.add("mean nll", what, Math.abs(mean(sequences) - want), 1e-5 * Math.max(1, Math.abs(want)));
  };
  check("greedy200", greedy200_mean_nll, greedy200 && [greedy200.tokens]);
  check("sampled", sampled_mean_nll, sampled_tokens);
  check("random", random_mean_nll, random_tokens && [random_tokens]);
}
