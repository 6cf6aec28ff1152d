import { FaderError } from "../autograd";

/** A model of the Hugging Face hub that cannot be had: unknown, private, gated, out of reach, not in the cache. */
export class HubError extends FaderError {
  override name = "HubError";
}
