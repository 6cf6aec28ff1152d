import { crossEntropy, embedding, mul, Random, type Tensor, tensor } from "fader/autograd";
import type { Model } from "fader/nn";
import { type Piece, trainingPieces } from "./corpus";
import { recipe } from "./recipe";
import { splitText, vocabularyTokens } from "./vocabulary";

/** The vocabulary's order is the ids; `splitText` cuts as the tokenizer does. */
const idOf = new Map(vocabularyTokens().map((token, id) => [token, id]));
const endOfText = 0;

function idsOf(text: string): number[] {
  return splitText(text).map((token) => {
    const id = idOf.get(token);
    if (id === undefined) throw new Error(`not in the vocabulary: ${JSON.stringify(token)}`);
    return id;
  });
}

/** One document as token ids, with what each position should predict. */
interface Sequence {
  ids: number[];
  /** After which position, what, and how much it counts. */
  targets: { position: number; id: number; weight: number }[];
}

function sequenceOf(pieces: readonly Piece[]): Sequence {
  const ids: number[] = [];
  const targets: Sequence["targets"] = [];
  const add = (tokens: readonly number[], base: number, rival?: Piece["rival"]) => {
    tokens.forEach((id, i) => {
      const share = i === 0 && rival ? rival.share : 0;
      const position = ids.length - 1;
      // The first token is given, not predicted. A rival answer shares the weight of the one that was drawn.
      if (position >= 0) targets.push({ position, id, weight: base * (1 - share) });
      if (share > 0) targets.push({ position, id: idsOf(rival!.text)[0]!, weight: base * share });
      ids.push(id);
    });
  };
  for (const { text, answer, rival } of pieces) add(idsOf(text), answer ? 1 : recipe.promptWeight, rival);
  add([endOfText], 1);
  return { ids, targets };
}

/** The documents of one training step: depends on the step alone. */
export function batchAt(step: number): Sequence[] {
  const random = new Random(recipe.dataSeed * 1_000_003 + step);
  return Array.from({ length: recipe.batchSize }, () => sequenceOf(trainingPieces(random)));
}

/** Weighted cross-entropy of the targets. */
export function lossOf(model: Model, batch: readonly Sequence[]): Tensor {
  const { logits } = model.forward(batch.map(({ ids }) => ids.slice(0, -1)));
  const [rows, length, vocab] = logits.shape as [number, number, number];
  const all = batch.flatMap(({ targets }, row) => targets.map((t) => ({ ...t, row: row * length + t.position })));
  const integers = (values: number[]) => tensor(values, { dtype: "i32" });
  const picked = embedding(logits.reshape([rows * length, vocab]), integers(all.map((t) => t.row)));
  const losses = crossEntropy(picked, integers(all.map((t) => t.id)), { reduction: "none" });
  const total = all.reduce((sum, t) => sum + t.weight, 0);
  return mul(losses, tensor(all.map((t) => t.weight / total))).sum();
}
