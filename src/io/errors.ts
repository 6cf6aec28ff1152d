import { FaderError } from "../tensor";

/** A model file (weights, config or tokenizer) that is malformed, or that asks for what Fader does not support. */
export class CheckpointError extends FaderError {
  override name = "CheckpointError";
}

/** A file or URL that is not there. */
export class NotFoundError extends FaderError {
  override name = "NotFoundError";
}
