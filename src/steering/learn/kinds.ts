import { mul, type Tensor } from "../../autograd";
import { add, dynamic, type Intervention, type Site, scale, type Where } from "../../nn";

/** The kinds of numbers that are learned at each site. */
export type Kind = "scalars" | "vectors" | "dynamic";

/** `each`: each position of the prompts has parameters of its own. `all`: one set for all, generated tokens too. */
export type Positions = "each" | "all";

/** The tensors of one kind at one site, and the intervention that they make at β. */
export interface KindSpec {
  /**
   * Shapes at a site whose activation has the shape `feature`: `[d_model]`, or `[heads, d_head]` at `z`. `locations`:
   * `[layers, positions]`, or `[layers]` for all positions.
   */
  shapes(locations: readonly number[], feature: readonly number[]): Record<string, readonly number[]>;
  intervention(parameters: Readonly<Record<string, Tensor>>, beta: number, at: Where): Intervention;
  /** Whether its parameters can depend on positions at all. */
  hasPositions: boolean;
}

/** Every kind that can be learned: a further one is a further entry. */
export const kinds: Readonly<Record<Kind, KindSpec>> = {
  scalars: {
    // At z, a scalar for each head.
    shapes: (locations, feature) => ({ alpha: [...locations, ...feature.slice(0, -1)] }),
    intervention: ({ alpha }, beta, at) => scale(dialled(alpha!, beta), at),
    hasPositions: true,
  },
  vectors: {
    shapes: (locations, feature) => ({ v: [...locations, ...feature] }),
    intervention: ({ v }, beta, at) => add(dialled(v!, beta), at),
    hasPositions: true,
  },
  dynamic: {
    shapes: ([layers], feature) => ({ g: [layers!, ...feature], b: [layers!] }),
    intervention: ({ g, b }, beta, at) => dynamic(dialled(g!, beta), dialled(b!, beta), at),
    hasPositions: false,
  },
};

/** The intervention that one site's tensors make at β. */
export function interventionOf(
  kind: Kind,
  parameters: Readonly<Record<string, Tensor>>,
  beta: number,
  positions: Positions,
): Intervention {
  return kinds[kind].intervention(parameters, beta, positions === "all" ? { positions } : {});
}

/** How many leading axes of a parameter name a location. */
export function locationAxes(kind: Kind, positions: Positions): 1 | 2 {
  return kinds[kind].hasPositions && positions === "each" ? 2 : 1;
}

function dialled(x: Tensor, beta: number): Tensor {
  return beta === 1 ? x : mul(x, beta);
}

/** Learned tensors by site and name. */
export type SiteParameters = Readonly<Partial<Record<Site, Readonly<Record<string, Tensor>>>>>;
