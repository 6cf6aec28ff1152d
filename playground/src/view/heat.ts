/** What a colour says: turned up or down, towards one answer or the other, or just how much. */
export type Tone = "up" | "down" | "correct" | "wrong" | "accent";

/** A coloured cell: `share` of its tone, above 0 and at most 1. */
export interface Heat {
  readonly tone: Tone;
  readonly share: number;
}

/** What the colours of a view mean, in words: from one end over nothing to the other, or from nothing to the end. */
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

/** How much of its tone a cell with text on it has at most, so that the text stays legible (also in look.css). */
export const textTint = 0.36;

/** The tones of the light theme (styles/theme.css), for pictures: they are files of their own, on white. */
export const inks = {
  up: "#c8501f",
  down: "#2d6ea8",
  correct: "#0b7a63",
  wrong: "#a6457d",
  accent: "#1f1d1a",
  quiet: "#676157",
  line: "#ddd7cb",
  well: "#f1eee7",
} as const;

const channels = (ink: string) => [1, 3, 5].map((at) => Number.parseInt(ink.slice(at, at + 2), 16));

/** The colour of a cell in a picture, `#rrggbb`; `most` is what a share of 1 has of its tone. */
export function inkOf(heat: Heat | undefined, most = 1): string {
  if (heat === undefined) return inks.well;
  const under = channels(inks.well);
  const parts = channels(inks[heat.tone]).map((ink, i) =>
    Math.round(under[i]! + (ink - under[i]!) * heat.share * most),
  );
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
