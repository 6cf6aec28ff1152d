import { ArgumentError } from "../../autograd";
import { type Model, TokenError } from "../../nn";

/** A token id and its text; its id as text for a model without tokenizer. */
export function tokenOf(model: Model, id: number): { id: number; token: string } {
  return { id, token: model.tokenizer?.token(id) ?? String(id) };
}

/** Checks token ids. @throws TokenError for ids outside the vocabulary */
export function checkTokens(where: string, model: Model, ids: readonly number[]): void {
  const { vocab_size } = model.config;
  const other = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocab_size));
  if (other === undefined) return;
  throw new TokenError(where, `no token has the id ${other}`, { hint: `Valid: 0 to ${vocab_size - 1}.` });
}

/** Checks that `ids` is one prompt. @throws ArgumentError for several */
export function checkPrompt(where: string, ids: readonly number[]): void {
  if (Array.isArray(ids) && ids.every((id) => typeof id === "number")) return;
  throw new ArgumentError(where, "takes the token ids of one prompt", { hint: "Call it for each prompt." });
}
