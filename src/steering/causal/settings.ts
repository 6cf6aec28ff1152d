import { ArgumentError } from "../../autograd";
import { type Model, parsePlace, type Site, SiteError, sitesOf } from "../../nn";
import type { Prompt } from "../tasks/task";
import { counterfactuals } from "./counterfactuals";

/**
 * The replacement of an activation:
 * - `counterfactual`: the activation of another prompt at the same place
 * - `zero`: nothing
 * - `mean`: the mean over the prompts at the same place
 */
export type PatchMode = "counterfactual" | "zero" | "mean";
/** The directions of patching. */
export const patchModes: readonly PatchMode[] = ["counterfactual", "zero", "mean"];

/** How activations are patched. */
export interface PatchOptions {
  /** Default: all of the model. */
  sites?: readonly Site[];
  /** Default `counterfactual`. */
  mode?: PatchMode;
  /** The other prompt of each prompt, of the same length. Default: `counterfactuals(prompts, { seed })`. */
  others?: readonly { readonly ids: readonly number[] }[];
  /** Draws the counterfactuals. Default 0. */
  seed?: number;
  /** How far activations move to what replaces them. Default 1, all the way. */
  beta?: number;
}

/** `PatchOptions`, checked and with defaults. */
export interface PatchSettings {
  sites: readonly Site[];
  mode: PatchMode;
  /** Token ids of the other prompts, only for `counterfactual`. */
  others: readonly (readonly number[])[];
  beta: number;
  /** Tokens of every prompt. */
  length: number;
}

/** Checks options and fills in defaults. @throws ArgumentError and SiteError for what cannot be patched */
export function patchSettings(
  where: string,
  model: Model,
  prompts: readonly Prompt[],
  options: PatchOptions,
): PatchSettings {
  const { sites = sitesOf(model.config), mode = "counterfactual", seed = 0, beta = 1 } = options;
  if (prompts.length === 0) throw new ArgumentError(where, "no prompts given");
  const length = prompts[0]!.ids.length;
  const odd = prompts.find(({ ids }) => ids.length !== length);
  if (odd) {
    throw new ArgumentError(
      where,
      `prompts of ${length} and ${odd.ids.length} tokens: positions would not mean the same`,
      {
        hint: "Keep the prompts of one length.",
      },
    );
  }
  if (!patchModes.includes(mode)) {
    throw new ArgumentError(where, `no mode "${mode}"`, { hint: `Valid: ${patchModes.join(", ")}.` });
  }
  if (!Number.isFinite(beta) || beta === 0) {
    throw new ArgumentError(where, `beta is ${beta}`, { hint: "Use a finite number other than 0." });
  }
  checkSites(where, model, sites);
  if (mode !== "counterfactual") return { sites, mode, others: [], beta, length };
  const others = (options.others ?? counterfactuals(prompts, { seed })).map(({ ids }) => ids);
  if (others.length !== prompts.length) {
    throw new ArgumentError(where, `${others.length} other prompts for ${prompts.length} prompts`);
  }
  const unequal = others.find((ids) => ids.length !== length);
  if (unequal) {
    throw new ArgumentError(where, `a prompt of ${length} tokens has a counterfactual of ${unequal.length}`);
  }
  return { sites, mode, others, beta, length };
}

function checkSites(where: string, model: Model, sites: readonly Site[]): void {
  if (sites.length === 0) throw new ArgumentError(where, "no sites given", { hint: 'For instance ["mlp_out"].' });
  if (new Set(sites).size < sites.length) throw new ArgumentError(where, `a site is named twice: ${sites.join(", ")}`);
  for (const name of sites) {
    const { site, layer } = parsePlace(name, model.config, where);
    if (layer !== undefined) throw new SiteError(where, `"${name}" is one place`, { hint: `Use the site "${site}".` });
    if (site !== name) throw new SiteError(where, `"${name}" is not a site's own name`, { hint: `Use "${site}".` });
  }
}
