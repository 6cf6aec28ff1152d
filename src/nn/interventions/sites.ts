import { nearest } from "../../tensor/internal";
import type { GPTConfig } from "../config";
import { SiteError } from "../errors";

/** Places in a block whose activation can be read and edited, in the order in which the forward pass meets them. */
export const sites = ["resid_pre", "z", "attn_out", "resid_mid", "mlp_out", "resid_post"] as const;

/**
 * - `resid_pre` residual stream entering the block
 * - `z` attention result per head, before the output projection: `[batch, positions, heads, d_head]`
 * - `attn_out` attention output, before it is added back
 * - `resid_mid` residual stream between attention and MLP; not in a parallel block, which has none
 * - `mlp_out` MLP output, before it is added back
 * - `resid_post` residual stream leaving the block
 *
 * All but `z` have shape `[batch, positions, d_model]`.
 */
export type Site = (typeof sites)[number];

/** The sites of this model: a parallel block has no residual stream between attention and MLP. */
export function sitesOf({ parallel_residual }: GPTConfig): readonly Site[] {
  return parallel_residual ? sites.filter((site) => site !== "resid_mid") : sites;
}

/** One site in one block, at one position of a prompt or (no `position`) at all of them. */
export interface Place {
  readonly site: Site;
  readonly layer: number;
  readonly position?: number | undefined;
}

/** The key of an intervention map, read: one site in one block, or (no `layer`) in every block. */
export type PlaceKey = Pick<Place, "site"> & Partial<Pick<Place, "layer">>;

/** The name of one place: `blocks.3.mlp_out`. */
export function placeName(site: Site, layer: number): string {
  return `blocks.${layer}.${site}`;
}

/**
 * Reads `mlp_out`, `blocks.3.mlp_out`, and the TransformerLens names `blocks.3.hook_mlp_out`, `blocks.3.attn.hook_z`.
 * Throws `SiteError` with the nearest valid name.
 */
export function parsePlace(name: string, config: GPTConfig, where = "interventions"): PlaceKey {
  const match = /^(?:blocks\.(\d+)\.)?(attn\.)?(?:hook_)?([a-z_]+)$/.exec(name);
  const site = sitesOf(config).find((known) => known === match?.[3]);
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
  const own = sitesOf(config);
  const places = Array.from({ length: config.n_layers }, (_, l) => own.map((s) => placeName(s, l))).flat();
  const candidates = name.includes(".") ? places : own;
  const isMissing = config.parallel_residual && name.includes("resid_mid");
  const why = isMissing ? ": attention and MLP of a block read the same residual stream" : "";
  return new SiteError(where, `no site "${name}"${why}`, {
    hint: `Nearest: "${nearest(name, candidates)}". This model has blocks 0-${config.n_layers - 1}; sites: ${own.join(", ")}.`,
  });
}
