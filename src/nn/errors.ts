import { FaderError } from "../tensor";

export { CheckpointError, NotFoundError } from "../io/errors";

/** A site or place name that this model does not have. */
export class SiteError extends FaderError {
  override name = "SiteError";
}

/** A text or token id that the tokenizer cannot turn into what was asked for. */
export class TokenError extends FaderError {
  override name = "TokenError";
}
