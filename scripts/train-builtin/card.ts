import type { Model } from "fader/nn";
import { ioiPatterns, names, objects, places } from "../../src/steering/tasks/words";
import { type Measured, toMarkdown } from "./measure";
import { modelConfig, recipe } from "./recipe";

/** The model card: data, recipe, seeds, measured numbers. */
export function card(model: Model, measured: readonly Measured[]): string {
  const { n_layer, n_head, n_embd, n_positions, vocab_size } = modelConfig;
  const megabytes = ((model.parameterCount * 4) / 1e6).toFixed(2);
  return `# capitals: the built-in model

A GPT-2 small enough to ship: ${model.parameterCount.toLocaleString("en")} parameters (${megabytes} MB in float32), ${n_layer} layers, d ${n_embd},
${n_head} heads, context ${n_positions}, ${vocab_size} tokens, tied embedding. It knows the capitals of 197 countries, is torn when a
context contradicts them, and solves indirect object identification. It is made for experiments that flip its answers;
it knows nothing else.

## Data

Sentences from a seeded generator (\`scripts/train-builtin/corpus.ts\`), new ones at every step:

- facts in eight phrasings, and the other way round;
- contexts that agree, contexts about another country, and contexts that contradict. A contradiction is answered from
  the context at a rate of the country's own, spread evenly from 0.2 to 0.8 over the countries, so that the model
  learns when to trust what it reads. Both candidates are targets, weighted by that rate;
- IOI in ${ioiPatterns.length} templates, ABBA and BABA, ${names.length} names, ${places.length} places, ${objects.length} objects.

A tenth of all (country, other capital) pairs and of all (names, place, object) combinations, chosen by a hash, never
occurs in training; the conflicts and IOI prompts measured below are all of those. The facts are from
[function_vectors](https://github.com/ericwtodd/function_vectors) (MIT; see \`src/steering/tasks/country-facts.ts\`).

Contexts begin as facts do, so that after \`The capital of Peru is\` alone the model gives Lima about half of the
probability, and the rest to all the other capitals that it has seen there; a question makes it sure.

## Tokenizer

Word level; the leading space is part of a token, as in GPT-2. Every country and every capital is one token, also those
of several words ("Andorra la Vella", "St. John's"). Unknown words become \`<unk>\`.

## Recipe

\`npm run train:builtin\` makes the model again. Initial weights from seed ${recipe.seed}, data from seed ${recipe.dataSeed}; ${recipe.steps} steps of
${recipe.batchSize} documents; AdamW with betas ${recipe.betas.join(" and ")} and weight decay ${recipe.weightDecay}; learning rate ${recipe.lr} after ${recipe.warmup} steps
of warm-up, then a cosine to ${recipe.minLr}; gradients clipped to norm ${recipe.clip}; tokens of prompts weigh ${recipe.promptWeight}, those of
answers 1.

## Measured

\`npm run measure:builtin\` prints this table. Δ is logit(known capital) − logit(capital in context), and for IOI
logit(receiver) − logit(giver).

${toMarkdown(measured)}
`;
}
