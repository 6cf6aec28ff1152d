export { activationPatching } from "./activation-patching";
export { attributionPatching } from "./attribution-patching";
export { counterfactuals } from "./counterfactuals";
export { type Agreement, Localisation, type LocalisationOptions, localisation, type ModeResult } from "./localisation";
export { PlaceMap, type PlaceValues } from "./place-map";
export { placeScores } from "./scores";
export { type PatchMode, type PatchOptions, patchModes } from "./settings";
