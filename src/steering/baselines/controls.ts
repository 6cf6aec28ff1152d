import { ArgumentError, Random } from "../../autograd";
import type { LearnedIntervention } from "../learn/learned";
import type { Provenance } from "../learn/provenance";
import { activeParts, fromParts, largestParts, normOf, numbersOf, partsBySite, partsOf } from "./parts";

/**
 * A control for vectors: at the same places vectors of the same length, each in a direction drawn uniformly. At `z` each
 * head's vector is drawn by itself.
 *
 * @throws ArgumentError for other kinds.
 */
export function randomVectors(like: LearnedIntervention, { seed = 0 }: { seed?: number } = {}): LearnedIntervention {
  if (like.kind !== "vectors") {
    throw new ArgumentError("randomVectors", `${like.kind} have no direction`, {
      ...(like.kind === "scalars" && { hint: "Use randomLocations for scalars." }),
    });
  }
  const random = new Random(seed);
  const sites = partsBySite("randomVectors", like);
  for (const part of activeParts(sites)) {
    const norm = normOf(part);
    const direction = Array.from({ length: part.of.size }, () => random.normal());
    const length = Math.hypot(...direction);
    numbersOf(part).set(direction.map((x) => (x * norm) / length));
  }
  return fromParts("vectors", sites, madeFrom(like, { method: "random-vectors" }, seed));
}

/**
 * A control for places: the same values, each at a place drawn uniformly among all sites, layers and positions (and heads
 * at `z`) of the intervention.
 *
 * @throws ArgumentError for the kind `dynamic`.
 */
export function randomLocations(like: LearnedIntervention, { seed = 0 }: { seed?: number } = {}): LearnedIntervention {
  const random = new Random(seed);
  const sites = partsBySite("randomLocations", like);
  // Vectors of a head fit no other site than z.
  for (const size of new Set(sites.map((site) => site.size))) {
    const alike = sites.filter((site) => site.size === size);
    const values = activeParts(alike).map((part) => numbersOf(part).slice());
    const places = random.shuffle(partsOf(alike));
    for (const part of places) numbersOf(part).fill(0);
    values.forEach((value, i) => {
      numbersOf(places[i]!).set(value);
    });
  }
  return fromParts(like.kind as "scalars", sites, madeFrom(like, { method: "random-locations" }, seed));
}

/**
 * Zero-ablation of the `k` largest places of an intervention (at `z`, of the largest heads): α = −1 there, so that β = +1
 * sets the activation to zero, and β = −1 doubles it. All active places where there are fewer than `k`.
 *
 * @throws ArgumentError for the kind `dynamic`, a `k` below 1, and where nothing is active.
 */
export function ablateTop(learned: LearnedIntervention, k: number): LearnedIntervention {
  if (!Number.isInteger(k) || k < 1) throw new ArgumentError("ablateTop", `k is ${k}`, { hint: "Use 1 or more." });
  const sites = partsBySite("ablateTop", learned);
  const top = largestParts(sites, k);
  if (top.length === 0) throw new ArgumentError("ablateTop", "the intervention has no active place");
  const scalars = sites.map((of) => {
    const data = new Float32Array(of.data.length / of.size);
    for (const part of top) if (part.of === of) data[part.index] = -1;
    return { site: of.site, data, shape: learned.kind === "scalars" ? of.shape : of.shape.slice(0, -1) };
  });
  return fromParts("scalars", scalars, madeFrom(learned, { method: "ablate-top", k }, learned.provenance.seed));
}

/** Where something comes from that was made out of another: what was measured and set there is not true of it. */
function madeFrom({ kind, provenance }: LearnedIntervention, own: Provenance["settings"], seed: number): Provenance {
  const { metrics: _, ...rest } = provenance;
  const source = `${provenance.settings.method ?? kind}, seed ${provenance.seed}`;
  return { ...rest, seed, steps: 0, settings: { ...own, madeFrom: source } };
}
