import { FaderError } from "../tensor/errors";

/** A model file (weights, config or tokenizer) that is malformed, or that asks for what Fader does not support. */
export class CheckpointError extends FaderError {
  override name = "CheckpointError";
}

/** A file or URL that is not there. */
export class NotFoundError extends FaderError {
  override name = "NotFoundError";
}

/** A site or place name that this model does not have. */
export class SiteError extends FaderError {
  override name = "SiteError";
}

/** A text or token id that the tokenizer cannot turn into what was asked for. */
export class TokenError extends FaderError {
  override name = "TokenError";
}
