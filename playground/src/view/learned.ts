import type { Kind, PlaceStrength } from "fader";
import { fadersAt, type Strips, stripsOf, travel } from "../desk/strip";
import type { ComparisonRow, DialCurve, Learned, LearnProgress, MeasuredCell } from "../protocol";
import { valueAt } from "./scales";

export const methodWords: Readonly<Record<Kind, string>> = {
  scalars: "Scalars",
  vectors: "Vectors",
  dynamic: "Dynamic",
};

/** The newest comparison in which an intervention stands: older ones lack what was learned since. */
export function comparisonWith(handle: string, all: readonly Learned[]): readonly ComparisonRow[] {
  return all.findLast(({ comparison }) => comparison.some((row) => row.handle === handle))?.comparison ?? [];
}

/** Cells in columns: each with those that stand below it. */
export function columnsOf({ cells }: ComparisonRow): MeasuredCell[][] {
  const columns: MeasuredCell[][] = [];
  for (const cell of cells) {
    if (cell.isBelow) columns.at(-1)!.push(cell);
    else columns.push([cell]);
  }
  return columns;
}

/** Shares of no prompts are not numbers, and stand as a dash. */
const percent = (share: number) => (Number.isFinite(share) ? `${Math.round(100 * share)}%` : "–");
const whole = (count: number) => count.toLocaleString("en");

/** What to try when no held-out answer flips; undefined where one does. */
export function idleHint(row: ComparisonRow | undefined): string | undefined {
  const value = (name: string) => row?.cells.find((cell) => cell.name === name)?.value ?? Number.NaN;
  if (row === undefined || value("flipsPlus") > 0 || value("flipsMinus") > 0) return undefined;
  const few = "“Use few numbers” further to the left";
  if (value("activeParameters") === 0) return `Try ${few}.`;
  return `Try ${few}, “Leave other tokens alone” too, or more steps.`;
}

/** Strengths without a sign, such as norms, as faders that go up: the largest to the end of its way at most. */
export function stripsWhile(method: Kind, places: readonly PlaceStrength[], tokens: number): Strips {
  if (method === "scalars") return stripsOf(fadersAt(places));
  const most = Math.max(...places.map(({ value }) => Math.abs(value)), travel);
  const scaled = places.map((place) => ({ ...place, value: (Math.abs(place.value) / most) * travel }));
  // A strength without a position acts on every token.
  const spread = scaled.flatMap((place) => {
    if (place.position !== undefined) return [place];
    return Array.from({ length: tokens }, (_, position) => ({ ...place, position }));
  });
  return stripsOf(fadersAt(spread));
}

/** The curve of the losses in words. */
export function describeLosses(losses: readonly LearnProgress[]): string {
  const [first, last] = [losses[0], losses.at(-1)];
  if (first === undefined || last === undefined) return "Nothing learned yet.";
  const term = (name: "effectiveness" | "faithfulness" | "minimality") =>
    `${name} from ${first[name].toFixed(2)} to ${last[name].toFixed(2)}`;
  return `Loss by its terms, step ${first.step} to ${last.step}: ${term("effectiveness")}, ${term("faithfulness")}, ${term("minimality")}.`;
}

/** The dial's curve in words. */
export function describeDial(dial: DialCurve): string {
  const at = (beta: number) => {
    const share = (name: "correct" | "wrong" | "others") => percent(valueAt(dial.betas, dial[name], beta));
    return `at β ${beta < 0 ? "−" : beta > 0 ? "+" : ""}${Math.abs(beta)}: first answer ${share("correct")}, second ${share("wrong")}, all others ${share("others")}`;
  };
  return `Probabilities by β, means over held-out prompts; ${[-1, 0, 1].map(at).join("; ")}.`;
}

/** Progress for screen readers, which changes at every tenth of the way only, so that it can be listened to. */
export function spokenProgress(losses: readonly LearnProgress[]): string {
  const tenth = ({ step, steps }: LearnProgress) => Math.floor((10 * step) / steps);
  const last = losses.at(-1);
  if (last === undefined) return "Learning begins.";
  const first = losses.find((progress) => tenth(progress) === tenth(last))!;
  return `Step ${first.step} of ${first.steps}, ${numbersWords(first.activeParameters)}.`;
}

export function numbersWords(count: number): string {
  return count === 1 ? "1 number is not 0" : `${whole(count)} numbers are not 0`;
}
