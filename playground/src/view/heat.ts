/** Meaning of a hue: turned up or down, towards one answer or the other, or just how much. */
export type Tone = "up" | "down" | "correct" | "wrong" | "accent";

/** A coloured cell: `share` of its tone, above 0 and at most 1. */
export interface Heat {
  readonly tone: Tone;
  readonly share: number;
}

/** The colours of a view and the words at their ends; with `below` 0 is in the middle, without it at the start. */
export interface Scale {
  readonly from: string;
  readonly to: string;
  readonly above: Tone;
  readonly below?: Tone;
  /** Of cells with text on them. */
  readonly isPale?: boolean;
}

/** Below 1, so that small values are seen beside large ones. */
const bend = 0.6;

/** The colour of a value, full at `most`; none where it is 0 or no number. `below` is for negative values. */
export function heatOf(value: number, most: number, above: Tone, below: Tone = above): Heat | undefined {
  const share = Math.min(1, Math.abs(value) / most) ** bend;
  if (!(share > 0)) return undefined;
  return { tone: value > 0 ? above : below, share };
}

/** The most that a cell with text on it has of its tone, so that the text stays legible (also in look.css). */
export const textTint = 0.36;
