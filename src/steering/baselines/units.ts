import { ArgumentError, tensor } from "../../autograd";
import type { Site } from "../../nn";
import { type Kind, LearnedIntervention, type Provenance } from "../learn/learned";

/**
 * The parameters of one site in units: the smallest parts that mean something by themselves. A scalar is one; so is a
 * vector at a place, and at `z` the vector of one head.
 */
export interface SiteUnits {
  readonly site: Site;
  readonly shape: readonly number[];
  /** A copy, to be changed. */
  readonly data: Float32Array;
  /** Numbers in a unit. */
  readonly size: number;
}

/** One unit: the `index`-th of its site. */
export interface Unit {
  readonly of: SiteUnits;
  readonly index: number;
}

/** The sites of scalars or vectors in units. Throws `ArgumentError` for other kinds. */
export function unitsBySite(where: string, { kind, parameters }: LearnedIntervention): SiteUnits[] {
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

const tensorName = { scalars: "alpha", vectors: "v" } as const;

/** All units of all sites. */
export function allUnits(sites: readonly SiteUnits[]): Unit[] {
  return sites.flatMap((of) => Array.from({ length: of.data.length / of.size }, (_, index) => ({ of, index })));
}

/** The numbers of a unit, as a view. */
export function numbersOf({ of, index }: Unit): Float32Array {
  return of.data.subarray(index * of.size, (index + 1) * of.size);
}

/** The L2 norm of a unit. */
export function normOf(unit: Unit): number {
  return Math.hypot(...numbersOf(unit));
}

/** Scalars or vectors from their units. */
export function fromUnits(
  kind: Exclude<Kind, "dynamic">,
  sites: readonly Pick<SiteUnits, "site" | "shape" | "data">[],
  provenance: Provenance,
): LearnedIntervention {
  const parameters = sites.map(({ site, shape, data }) => [site, { [tensorName[kind]]: tensor(data, { shape }) }]);
  return new LearnedIntervention(kind, Object.fromEntries(parameters), provenance);
}
