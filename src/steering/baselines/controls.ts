import { ArgumentError, Random } from "../../autograd";
import type { LearnedIntervention } from "../learn/learned";
import { originFrom } from "./origin";
import { allUnits, fromUnits, normOf, numbersOf, type Unit, unitsBySite } from "./units";

/**
 * A control for vectors: at the same places vectors of the same length, each in a direction drawn uniformly. At `z` each
 * head's vector is drawn by itself. Throws `ArgumentError` for other kinds.
 */
export function randomVectors(like: LearnedIntervention, { seed = 0 }: { seed?: number } = {}): LearnedIntervention {
  if (like.kind !== "vectors") {
    throw new ArgumentError("randomVectors", `${like.kind} have no direction`, {
      ...(like.kind === "scalars" && { hint: "Use randomLocations for scalars." }),
    });
  }
  const random = new Random(seed);
  const sites = unitsBySite("randomVectors", like);
  for (const unit of active(sites)) {
    const norm = normOf(unit);
    const direction = Array.from({ length: unit.of.size }, () => random.normal());
    const length = Math.hypot(...direction);
    numbersOf(unit).set(direction.map((x) => (x * norm) / length));
  }
  return fromUnits("vectors", sites, originFrom(like, "random-vectors", seed));
}

/**
 * A control for places: the same values, each at a place drawn uniformly among all sites, layers and positions (and heads
 * at `z`) of the intervention. Throws `ArgumentError` for the kind `dynamic`.
 */
export function randomLocations(like: LearnedIntervention, { seed = 0 }: { seed?: number } = {}): LearnedIntervention {
  const random = new Random(seed);
  const sites = unitsBySite("randomLocations", like);
  // Vectors of a head fit no other site than z.
  for (const size of new Set(sites.map((site) => site.size))) {
    const alike = sites.filter((site) => site.size === size);
    const values = active(alike).map((unit) => numbersOf(unit).slice());
    const places = random.shuffle(allUnits(alike));
    for (const unit of places) numbersOf(unit).fill(0);
    values.forEach((value, i) => {
      numbersOf(places[i]!).set(value);
    });
  }
  return fromUnits(like.kind as "scalars", sites, originFrom(like, "random-locations", seed));
}

/**
 * Zero-ablation of the `k` largest places of an intervention (at `z`, of the largest heads): α = −1 there, so that β = +1
 * sets the activation to zero, and β = −1 doubles it. All active places where there are fewer than `k`.
 *
 * Throws `ArgumentError` for the kind `dynamic`, a `k` below 1, and where nothing is active.
 */
export function ablateTop(learned: LearnedIntervention, k: number): LearnedIntervention {
  if (!Number.isInteger(k) || k < 1) throw new ArgumentError("ablateTop", `k is ${k}`, { hint: "Use 1 or more." });
  const sites = unitsBySite("ablateTop", learned);
  const top = active(sites)
    .sort((a, b) => normOf(b) - normOf(a))
    .slice(0, k);
  if (top.length === 0) throw new ArgumentError("ablateTop", "the intervention has no active place");
  const scalars = sites.map((of) => {
    const data = new Float32Array(of.data.length / of.size);
    for (const unit of top) if (unit.of === of) data[unit.index] = -1;
    return { site: of.site, data, shape: learned.kind === "scalars" ? of.shape : of.shape.slice(0, -1) };
  });
  return fromUnits("scalars", scalars, originFrom(learned, "ablate-top", learned.provenance.seed, { k }));
}

function active(sites: ReturnType<typeof unitsBySite>): Unit[] {
  return allUnits(sites).filter((unit) => numbersOf(unit).some((x) => x !== 0));
}
