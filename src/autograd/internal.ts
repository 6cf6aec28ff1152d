/** Parts of autodiff for Fader alone. The layers above import `index` and this file, and nothing past them. */
export { countElements } from "./grad";
// Saved states of optimisers.
export { checkState } from "./optim";
// Whether a function is being differentiated.
export { recordingDepth } from "./tape";
