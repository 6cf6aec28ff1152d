import { parameter, type Random, type Tensor, tensor } from "../../autograd";
import type { Model, Site } from "../../nn";
import { featureShape } from "../../nn/interventions/sites";
import { sizeOf } from "../../tensor/internal";
import { type Kind, kinds, type SiteParameters } from "./kinds";

/** The tensors that an optimiser moves, by flat keys: `attn_out/alpha`. */
export type FlatParameters = Readonly<Record<string, Tensor>>;

/** Groups tensors by site and name. */
export function bySite(flat: FlatParameters): Record<string, Record<string, Tensor>> {
  const result: Record<string, Record<string, Tensor>> = {};
  for (const [key, x] of Object.entries(flat)) {
    const [site, name] = key.split("/") as [string, string];
    result[site] = { ...result[site], [name]: x };
  }
  return result;
}

/** Draws small start values: exact zeros would be no saddle, but seeds are to differ. */
export function startValues(
  kind: Kind,
  model: Model,
  locations: readonly number[],
  sites: readonly Site[],
  random: Random,
): FlatParameters {
  const theta: Record<string, Tensor> = {};
  for (const site of sites) {
    const shapes = kinds[kind].shapes(locations, featureShape(site, model.config));
    for (const [name, shape] of Object.entries(shapes)) {
      const values = Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * 0.01);
      theta[`${site}/${name}`] = parameter(tensor(values, { shape }));
    }
  }
  return theta;
}

/** Copies learned values under flat keys, to go on from. */
export function flatten(parameters: SiteParameters): FlatParameters {
  const entries = Object.entries(parameters).flatMap(([site, tensors]) =>
    Object.entries(tensors).map(([name, x]) => [`${site}/${name}`, parameter(x)] as const),
  );
  return Object.fromEntries(entries);
}

/** Copies values into memory of their own. */
export function copyOf(theta: FlatParameters): FlatParameters {
  return Object.fromEntries(Object.entries(theta).map(([key, x]) => [key, parameter(x)]));
}

/** Counts the numbers that are not exactly 0. */
export function countActive(theta: FlatParameters): number {
  return Object.values(theta).reduce(
    (sum, x) => sum + (x.storage.data() as Float32Array).reduce((count, v) => count + (v !== 0 ? 1 : 0), 0),
    0,
  );
}
