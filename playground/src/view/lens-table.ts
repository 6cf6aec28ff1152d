import type { Answers, LensCell, LensResult } from "../protocol";
import { heatOf, type Scale } from "./heat";
import type { Table, TableCell } from "./table";
import { percent, points, quoted, shown } from "./words";

export type LensSide = "clean" | "steered" | "difference";
/** Meaning of the colour: how likely the token is, or which of the two answers leads. */
export type LensColor = "token" | "answers";

export function hasAnswers({ clean }: LensResult): boolean {
  return clean[0]?.[0]?.correct !== undefined;
}

/** The sides in words, as the choices of the view have them. */
export const sideWords: Readonly<Record<LensSide, string>> = {
  clean: "as it is",
  steered: "with your faders",
  difference: "difference",
};

/** Below this a probability counts as unchanged. */
const least = 0.005;

/** The likeliest next token at every place, coloured by how sure the model is of it there. */
export function lensTable(result: LensResult, side: LensSide, color: LensColor, answers?: Answers): Table {
  const { tokens, places, clean, steered } = result;
  const byAnswers = color === "answers" && hasAnswers(result);
  return {
    label: `What each layer would say next: ${sideWords[side]}`,
    corner: "stream",
    tokens,
    rows: places.map((place, row) => {
      const name = nameOf(place, row === places.length - 1);
      const cells = tokens.map((token, column) => {
        const [before, after] = [clean[row]![column]!, steered[row]![column]!];
        const where = `${name}, at token ${column} ${quoted(token)}`;
        const cell =
          side === "difference"
            ? change(before, after, byAnswers)
            : state(side === "clean" ? before : after, byAnswers);
        const contest = byAnswers && answers ? contestOf(side, before, after, answers) : "";
        return { ...cell, label: `${where}: ${cell.label}${contest}` };
      });
      return { key: place, name, cells };
    }),
  };
}

/** The scale of the colours of `lensTable`. */
export function lensScale(result: LensResult, side: LensSide, color: LensColor, answers?: Answers): Scale {
  const isChange = side === "difference";
  if (color === "answers" && hasAnswers(result) && answers) {
    const towards = isChange ? "towards " : "";
    return {
      from: `${towards}${answers.wrong}`,
      to: `${towards}${answers.correct}`,
      above: "correct",
      below: "wrong",
      isPale: true,
    };
  }
  return isChange
    ? { from: "less likely", to: "more likely", above: "up", below: "down", isPale: true }
    : { from: "0%", to: "100% sure", above: "accent", isPale: true };
}

/** `blocks.0.resid_pre` is `before 0`; what leaves the last layer is the model's output. */
function nameOf(place: string, isLast: boolean): string {
  const [, layer, site] = /^blocks\.(\d+)\.(\w+)$/.exec(place) ?? [];
  if (layer === undefined) return place;
  if (site === "resid_pre") return `before ${layer}`;
  return isLast ? "output" : `after ${layer}`;
}

const lead = ({ correct = 0, wrong = 0 }: LensCell) => correct - wrong;

function state(cell: LensCell, byAnswers: boolean): TableCell {
  return {
    text: shown(cell.text),
    heat: byAnswers ? heatOf(lead(cell), 1, "correct", "wrong") : heatOf(cell.probability, 1, "accent"),
    label: `${quoted(cell.text)} ${percent(cell.probability)}`,
  };
}

function change(before: LensCell, after: LensCell, byAnswers: boolean): TableCell {
  const isOther = before.text !== after.text;
  const by = byAnswers ? lead(after) - lead(before) : after.probability - before.probability;
  const isStill = Math.abs(by) < least && !isOther;
  const sides = `${quoted(before.text)} ${percent(before.probability)} → ${quoted(after.text)} ${percent(after.probability)}`;
  const [above, below] = byAnswers ? (["correct", "wrong"] as const) : (["up", "down"] as const);
  // The two probabilities belong to different tokens: their difference says nothing, the new one does.
  const heat = isOther && !byAnswers ? heatOf(after.probability, 1, "accent") : heatOf(by, 1, above, below);
  return {
    text: shown(after.text),
    heat: isStill ? undefined : heat,
    isMarked: isOther,
    isQuiet: isStill,
    label: isStill ? `${quoted(after.text)} ${percent(after.probability)}, unchanged` : sides,
  };
}

function contestOf(side: LensSide, before: LensCell, after: LensCell, { correct, wrong }: Answers): string {
  const now = side === "clean" ? before : after;
  const changed = (answer: "correct" | "wrong") =>
    side === "difference" ? ` (${points((after[answer] ?? 0) - (before[answer] ?? 0))})` : "";
  const part = (answer: "correct" | "wrong", word: string) => `${word} ${percent(now[answer] ?? 0)}${changed(answer)}`;
  return ` · ${part("correct", correct)}, ${part("wrong", wrong)}`;
}
