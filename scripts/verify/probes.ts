// biome-ignore-all lint/suspicious/noExplicitAny: the expected values of a fixture folder are checked as they are used.
import type { Tensor } from "fader/autograd";
import { largestError, numbers, type Report } from "./compare";

/** Logits and activations; other bounds are beside what they bound. */
export const logitBound = 1e-4;

export const placesOf = (probes: any[]) => probes.map(({ site, layer }) => `blocks.${layer}.${site}`);

export function checkProbes(
  what: string,
  probes: any[],
  activations: Readonly<Record<string, Tensor>>,
  report: Report,
): void {
  for (const { site, layer, prompt, position, values } of probes) {
    const name = `blocks.${layer}.${site}`;
    const got = activations[name]!.slice([
      [prompt, prompt + 1],
      [position, position + 1],
    ]).toTypedArray();
    report.add(what, `${name} prompt ${prompt} position ${position}`, largestError(got, numbers(values)), logitBound);
  }
}
