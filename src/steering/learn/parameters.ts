import { parameter, type Random, type Tensor, tensor } from "../../autograd";
import type { Model, Site } from "../../nn";
import { featureOf, type Kind, kinds, type SiteParameters } from "./learned";

/** What an optimiser moves, by flat keys: `attn_out/alpha`. */
export type Flat = Readonly<Record<string, Tensor>>;

export function bySite(flat: Flat): Record<string, Record<string, Tensor>> {
  const result: Record<string, Record<string, Tensor>> = {};
  for (const [key, x] of Object.entries(flat)) {
    const [site, name] = key.split("/") as [string, string];
    result[site] = { ...result[site], [name]: x };
  }
  return result;
}

/** Small random values: exact zeros would be no saddle, but seeds are to differ. */
export function startValues(
  kind: Kind,
  model: Model,
  locations: readonly number[],
  sites: readonly Site[],
  random: Random,
): Flat {
  const theta: Record<string, Tensor> = {};
  for (const site of sites) {
    const shapes = kinds[kind].shapes(locations, featureOf(site, model.config));
    for (const [name, shape] of Object.entries(shapes)) {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: size }, () => random.normal() * 0.01);
      theta[`${site}/${name}`] = parameter(tensor(values, { shape }));
    }
  }
  return theta;
}

/** Copies of learned values, to go on from. */
export function copyOf(parameters: SiteParameters): Flat {
  const entries = Object.entries(parameters).flatMap(([site, tensors]) =>
    Object.entries(tensors).map(([name, x]) => [`${site}/${name}`, parameter(x)] as const),
  );
  return Object.fromEntries(entries);
}

/** The same values in memory of their own. */
export function copied(theta: Flat): Flat {
  return Object.fromEntries(Object.entries(theta).map(([key, x]) => [key, parameter(x)]));
}

export function countActive(theta: Flat): number {
  return Object.values(theta).reduce(
    (sum, x) => sum + (x.storage.data() as Float32Array).reduce((count, v) => count + (v !== 0 ? 1 : 0), 0),
    0,
  );
}

/** For each parameter by its flat key, 1 where it may move and 0 where it stays 0. */
export type Mask = Readonly<Record<string, Uint8Array>>;

/** Allows only what is not 0. */
export function nonzero(theta: Flat): Mask {
  return Object.fromEntries(
    Object.entries(theta).map(([key, x]) => [
      key,
      Uint8Array.from(x.storage.data() as Float32Array, (v) => Number(v !== 0)),
    ]),
  );
}

/** Puts 0 wherever the mask does not allow anything. */
export function restrict(theta: Flat, mask: Mask | undefined): void {
  if (mask === undefined) return;
  for (const [key, x] of Object.entries(theta)) {
    const [data, allowed] = [x.storage.data() as Float32Array, mask[key]!];
    for (let i = 0; i < data.length; i++) if (allowed[i] === 0) data[i] = 0;
  }
}
