import { nearest } from "../tensor/errors";
import type { GPTConfig } from "./config";
import { SiteError } from "./errors";

/** Places in a block whose activation can be read and edited, in the order in which the forward pass meets them. */
export const sites = ["resid_pre", "z", "attn_out", "resid_mid", "mlp_out", "resid_post"] as const;

/**
 * - `resid_pre` residual stream entering the block
 * - `z` attention result per head, before the output projection: `[batch, positions, heads, d_head]`
 * - `attn_out` attention output, before it is added back
 * - `resid_mid` residual stream between attention and MLP
 * - `mlp_out` MLP output, before it is added back
 * - `resid_post` residual stream leaving the block
 *
 * All but `z` have shape `[batch, positions, d_model]`.
 */
export type Site = (typeof sites)[number];

/** One site in one block, or (no `layer`) in every block. */
export interface Place {
  site: Site;
  layer?: number;
}

/** The name of one place: `blocks.3.mlp_out`. */
export function placeName(site: Site, layer: number): string {
  return `blocks.${layer}.${site}`;
}

/**
 * Reads `mlp_out`, `blocks.3.mlp_out`, and the TransformerLens names `blocks.3.hook_mlp_out`, `blocks.3.attn.hook_z`.
 * Throws `SiteError` with the nearest valid name.
 */
export function parsePlace(name: string, config: GPTConfig, where = "interventions"): Place {
  const match = /^(?:blocks\.(\d+)\.)?(attn\.)?(?:hook_)?([a-z_]+)$/.exec(name);
  const site = sites.find((known) => known === match?.[3]);
  // TransformerLens puts `z`, and of our sites only that, below `attn`.
  if (match === null || site === undefined || (match[2] !== undefined && site !== "z")) {
    throw unknownSite(where, name, config);
  }
  if (match[1] === undefined) return { site };
  const layer = Number(match[1]);
  if (layer >= config.n_layers) throw unknownSite(where, name, config);
  return { site, layer };
}

function unknownSite(where: string, name: string, config: GPTConfig): SiteError {
  const names = [
    ...sites,
    ...Array.from({ length: config.n_layers }, (_, l) => sites.map((s) => placeName(s, l))).flat(),
  ];
  const candidates = name.includes(".") ? names.slice(sites.length) : names.slice(0, sites.length);
  return new SiteError(where, `no site "${name}"`, {
    hint: `Nearest: "${nearest(name, candidates)}". This model has blocks 0-${config.n_layers - 1}; sites: ${sites.join(", ")}.`,
  });
}
