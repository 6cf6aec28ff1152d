import { ArgumentError, tensor } from "../../autograd";
import type { Site } from "../../nn";
import type { Kind } from "../learn/kinds";
import { LearnedIntervention } from "../learn/learned";
import type { Provenance } from "../learn/provenance";

/**
 * The parameters of one site in parts, the smallest that mean something by themselves: a scalar, the vector of a place,
 * and at `z` the vector of one head.
 */
export interface SiteParts {
  readonly site: Site;
  readonly shape: readonly number[];
  /** A copy, to be changed. */
  readonly data: Float32Array;
  /** Numbers in a part. */
  readonly size: number;
}

/** One part: the `index`-th of its site. */
export interface Part {
  readonly of: SiteParts;
  readonly index: number;
}

const tensorName = { scalars: "alpha", vectors: "v" } as const;

/** Takes scalars or vectors apart. Throws `ArgumentError` for other kinds. */
export function partsBySite(where: string, { kind, parameters }: LearnedIntervention): SiteParts[] {
  if (kind === "dynamic") {
    throw new ArgumentError(where, "a dynamic intervention computes its scalars, it has none at places", {
      hint: "Use scalars or vectors.",
    });
  }
  return Object.entries(parameters).map(([site, tensors]) => {
    const x = tensors[tensorName[kind]]!;
    const size = kind === "scalars" ? 1 : x.shape.at(-1)!;
    return { site: site as Site, shape: x.shape, data: Float32Array.from(x.toTypedArray() as Float32Array), size };
  });
}

/** Lists the parts of all sites. */
export function partsOf(sites: readonly SiteParts[]): Part[] {
  return sites.flatMap((of) => Array.from({ length: of.data.length / of.size }, (_, index) => ({ of, index })));
}

/** Lists the parts that are not all 0. */
export function activeParts(sites: readonly SiteParts[]): Part[] {
  return partsOf(sites).filter((part) => numbersOf(part).some((x) => x !== 0));
}

/** Lists the `count` parts with the largest norms, the largest first; none that is 0. */
export function largestParts(sites: readonly SiteParts[], count: number): Part[] {
  return activeParts(sites)
    .sort((a, b) => normOf(b) - normOf(a))
    .slice(0, count);
}

/** The numbers of a part, as a view. */
export function numbersOf({ of, index }: Part): Float32Array {
  return of.data.subarray(index * of.size, (index + 1) * of.size);
}

/** The L2 norm of a part. */
export function normOf(part: Part): number {
  return Math.hypot(...numbersOf(part));
}

/** Puts scalars or vectors together. */
export function fromParts(
  kind: Exclude<Kind, "dynamic">,
  sites: readonly Pick<SiteParts, "site" | "shape" | "data">[],
  provenance: Provenance,
): LearnedIntervention {
  const parameters = sites.map(({ site, shape, data }) => [site, { [tensorName[kind]]: tensor(data, { shape }) }]);
  return new LearnedIntervention(kind, Object.fromEntries(parameters), provenance);
}
