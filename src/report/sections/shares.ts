import type { Interval } from "../../steering";
import type { Axis } from "../charts/frame";

/** A share as a whole percentage. */
export const share = (value: number) => `${Math.round(100 * value)}%`;

/** An axis of shares, from 0% to 100%. */
export const shares: Axis & { format: (value: number) => string } = {
  domain: [0, 1],
  ticks: [0, 0.25, 0.5, 0.75, 1],
  grid: [0.25, 0.5, 0.75, 1],
  format: share,
};

/** The CSV headings of a measure with its interval. */
export function intervalNames(name: string): string[] {
  return [name, `${name}_low`, `${name}_high`];
}

/** The CSV cells of an interval. */
export function ends({ value, low, high }: Interval): number[] {
  return [value, low, high];
}
