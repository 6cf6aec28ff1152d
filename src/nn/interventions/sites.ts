import { nearest } from "../../tensor/internal";
import type { GPTConfig } from "../config";
import { SiteError } from "../errors";

/** What the forward pass and everything that reads an intervention map know of a site. */
interface SiteDeclaration {
  /** The axes of its activation behind `[batch, positions]`, as sizes of the configuration. */
  readonly axes: readonly ("d_model" | "n_heads" | "d_head")[];
  /** What TransformerLens calls it within a block. */
  readonly hook: string;
  /** Why a model does not have it; undefined where it does. */
  readonly missing?: (config: GPTConfig) => string | undefined;
}

/** Every site, in the order in which the forward pass meets them. */
const declarations = {
  resid_pre: { axes: ["d_model"], hook: "hook_resid_pre" },
  z: { axes: ["n_heads", "d_head"], hook: "attn.hook_z" },
  attn_out: { axes: ["d_model"], hook: "hook_attn_out" },
  resid_mid: {
    axes: ["d_model"],
    hook: "hook_resid_mid",
    missing: ({ parallel_residual }) =>
      parallel_residual ? "attention and MLP of a block read the same residual stream" : undefined,
  },
  mlp_out: { axes: ["d_model"], hook: "hook_mlp_out" },
  resid_post: { axes: ["d_model"], hook: "hook_resid_post" },
} as const satisfies Record<string, SiteDeclaration>;

const declarationOf = (site: Site): SiteDeclaration => declarations[site];

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
export type Site = keyof typeof declarations;

/** The sites whose activation can be read and edited, in the order in which the forward pass meets them. */
export const sites = Object.keys(declarations) as readonly Site[];

/** The sites that this model has: a parallel block has no `resid_mid`. */
export function sitesOf(config: GPTConfig): readonly Site[] {
  return sites.filter((site) => declarationOf(site).missing?.(config) === undefined);
}

/**
 * The shape of one activation at a site: `[d_model]`, or `[n_heads, d_head]` at `z`.
 *
 * @throws SiteError for a site that this model does not have.
 */
export function featureShape(site: Site, config: GPTConfig): readonly number[] {
  if (!sitesOf(config).includes(site)) throw unknownSite("interventions", site, config);
  return declarationOf(site).axes.map((axis) => config[axis]);
}

/** The axes of `h [.., activation]` that make up one activation: `[-1]`, or `[-2, -1]` at `z`. */
export function featureAxes(site: Site): readonly number[] {
  const { axes } = declarationOf(site);
  return axes.map((_, i) => i - axes.length);
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

/** The name that TransformerLens gives a place: `blocks.3.hook_mlp_out`, `blocks.3.attn.hook_z`. */
export function hookName(site: Site, layer: number): string {
  return `blocks.${layer}.${declarationOf(site).hook}`;
}

/**
 * Reads `mlp_out`, `blocks.3.mlp_out`, and the TransformerLens names `blocks.3.hook_mlp_out`, `blocks.3.attn.hook_z`.
 *
 * @throws SiteError with the nearest valid name.
 */
export function parsePlace(name: string, config: GPTConfig, where = "interventions"): PlaceKey {
  const match = /^(?:blocks\.(\d+)\.)?(attn\.)?(?:hook_)?([a-z_]+)$/.exec(name);
  const site = sitesOf(config).find((known) => known === match?.[3]);
  const isBelowAttention = site !== undefined && declarationOf(site).hook.startsWith("attn.");
  if (match === null || site === undefined || (match[2] !== undefined && !isBelowAttention)) {
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
  const missing = sites.find((site) => name.includes(site) && !own.includes(site));
  const why = missing === undefined ? "" : `: ${declarationOf(missing).missing!(config)}`;
  return new SiteError(where, `no site "${name}"${why}`, {
    hint: `Nearest: "${nearest(name, name.includes(".") ? places : own)}". This model has blocks 0-${config.n_layers - 1}; sites: ${own.join(", ")}.`,
  });
}
