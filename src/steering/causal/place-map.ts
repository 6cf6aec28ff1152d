import { ArgumentError } from "../../autograd";
import type { Place, Site } from "../../nn";

/** A number for every site, layer and position: `values.mlp_out[layer][position]`. */
export type PlaceValues = Readonly<Partial<Record<Site, readonly (readonly number[])[]>>>;

/** The effect on Δ of every place, in logits, for each prompt. */
export class PlaceMap {
  /**
   * `effects`: for each prompt a number for every place, site by site, layer by layer, position by position.
   * @throws ArgumentError when they are not that many.
   */
  constructor(
    readonly sites: readonly Site[],
    readonly layers: number,
    readonly positions: number,
    readonly effects: readonly Float64Array[],
  ) {
    const places = sites.length * layers * positions;
    const wrong = effects.find((row) => row.length !== places);
    if (effects.length === 0) throw new ArgumentError("PlaceMap", "no prompts given");
    if (wrong) throw new ArgumentError("PlaceMap", `${wrong.length} effects for ${places} places`);
  }

  get prompts(): number {
    return this.effects.length;
  }

  /** All places, in the order of `effects`. */
  places(): Required<Place>[] {
    return this.sites.flatMap((site) =>
      Array.from({ length: this.layers * this.positions }, (_, at) => ({
        site,
        layer: Math.floor(at / this.positions),
        position: at % this.positions,
      })),
    );
  }

  /** Mean |effect| over prompts: how much a place matters, whichever way. */
  absolute(): PlaceValues {
    return this.nest(this.meanAbsolute());
  }

  /** Mean effect over prompts: positive where it makes `correct` win. */
  signed(): PlaceValues {
    return this.nest(this.average((x) => x));
  }

  /** Mean |effect| of every place in the order of `effects`, over the prompts with these indices (default: all). */
  meanAbsolute(prompts?: readonly number[]): number[] {
    return this.average(Math.abs, prompts);
  }

  /** The effects on one prompt. */
  ofPrompt(prompt: number): PlaceValues {
    const row = this.effects[prompt];
    if (row === undefined) throw new ArgumentError("ofPrompt", `no prompt ${prompt} among ${this.prompts}`);
    return this.nest([...row]);
  }

  /** The values as plain data. */
  toJSON() {
    const { prompts, layers, positions } = this;
    return { prompts, layers, positions, absolute: this.absolute(), signed: this.signed() };
  }

  private average(of: (effect: number) => number, prompts?: readonly number[]): number[] {
    const rows = prompts ? prompts.map((prompt) => this.effects[prompt]!) : this.effects;
    const sums = new Array<number>(this.effects[0]!.length).fill(0);
    for (const row of rows) for (let i = 0; i < sums.length; i++) sums[i]! += of(row[i]!);
    return sums.map((sum) => sum / rows.length);
  }

  private nest(flat: readonly number[]): PlaceValues {
    const { layers, positions } = this;
    const rows = (start: number) =>
      Array.from({ length: layers }, (_, l) => flat.slice(start + l * positions, start + (l + 1) * positions));
    return Object.fromEntries(this.sites.map((site, s) => [site, rows(s * layers * positions)]));
  }
}
