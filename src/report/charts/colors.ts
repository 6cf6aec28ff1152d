import type * as PlotModule from "@observablehq/plot";

/** The plotting library, passed along because it is loaded only when a report is made. */
export type Plot = typeof PlotModule;

/** Steps between zero and the largest value. */
export const STEPS = 20;

/** The colours of the steps as CSS variables, so that the page's theme can replace them inside the charts. */
export interface Palette {
  light: string;
  dark: string;
}

/** Names the colour of a diverging value; anything but zero differs from the middle colour. */
export function divergingColor(value: number, largest: number): string {
  return `var(--d${STEPS + Math.sign(value) * step(Math.abs(value), largest)})`;
}

/** Names the colour of a value that cannot be negative. */
export function sequentialColor(value: number, largest: number): string {
  return `var(--s${step(value, largest)})`;
}

function step(size: number, largest: number): number {
  return size === 0 ? 0 : Math.max(1, Math.min(STEPS, Math.round((size / largest) * STEPS)));
}

/** Builds both palettes: red–blue and blues, which colour-blind readers can tell apart; on dark, zero is dark. */
export function palettes(plot: Plot): Palette {
  const domain = [-1, -0.55, -0.1, 0, 0.1, 0.55, 1];
  const darkDiverging = ["#ffc2ab", "#e0654f", "#5a2f2b", "#2a2d34", "#23415c", "#4a9fd8", "#b9e1ff"];
  const lightDiverging = plot.scale({ color: { type: "diverging", scheme: "RdBu", domain: [-1, 1] } });
  const lightSequential = plot.scale({ color: { type: "linear", scheme: "Blues", domain: [-0.12, 1] } });
  const dark = plot.scale({ color: { type: "linear", domain, range: darkDiverging, interpolate: "lab" } });
  return {
    light: variables(
      (value) => lightDiverging.apply(value),
      (value) => lightSequential.apply(value),
    ),
    dark: variables(
      (value) => dark.apply(value),
      (value) => dark.apply(value),
    ),
  };
}

function variables(diverging: (value: number) => string, sequential: (value: number) => string): string {
  const lines: string[] = [];
  for (let i = 0; i <= 2 * STEPS; i++) lines.push(`--d${i}:${diverging(i / STEPS - 1)};`);
  for (let i = 0; i <= STEPS; i++) lines.push(`--s${i}:${sequential(i / STEPS)};`);
  return lines.join("");
}

/** A CSS gradient through every second step from `first` to `last` of the palette `name`. */
export function gradient(name: "d" | "s", first: number, last: number): string {
  const stops: string[] = [];
  for (let i = first; i <= last; i += 2) stops.push(`var(--${name}${i})`);
  return `linear-gradient(to right,${stops.join(",")})`;
}
