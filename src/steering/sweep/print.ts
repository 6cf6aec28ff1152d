import type { Interval } from "../statistics";
import type { Claim } from "./claims";
import type { Cell, Summary, TaskSummary } from "./summary";
import type { MeasureName } from "./units";

const width = 80;

const percent = (x: number) => (100 * x).toFixed(0);
const two = (x: number) => x.toFixed(2);
const three = (x: number) => x.toFixed(3);
/** Every digit up to a hundred thousand, then `1.2e+6`. */
const count = (x: number) => (x < 99_999.5 ? x.toFixed(0) : x.toPrecision(2));

const columns: readonly (readonly [heading: string, name: MeasureName, show: (x: number) => string, unit: string])[] = [
  ["flips β=+1", "flipsPlus", percent, "%"],
  ["flips β=−1", "flipsMinus", percent, "%"],
  ["kl-others", "klOthers", two, ""],
  ["off-task", "klOffTask", three, ""],
  ["best kept", "bestOtherKept", percent, "%"],
  ["parameters", "activeParameters", count, ""],
  ["places", "activeLocations", count, ""],
];

/** Tables, Pareto fronts and claims as text of at most 80 columns, unless names are long. */
export function printSummary(summary: Summary, claims: readonly Claim[]): string {
  const parts = summary.tasks.map(printTask);
  if (summary.failed.length > 0) {
    const lines = summary.failed.map(({ id, problem }) => wrap(`${id}: ${problem}`, 2, 4));
    parts.push(`Not learned, and in no mean (${summary.failed.length}):\n${lines.join("\n")}`);
  }
  parts.push(printClaims(claims));
  return parts.join("\n\n");
}

function printTask({ id, split, cells, pareto }: TaskSummary): string {
  const [first] = cells;
  const seeds = Math.max(...cells.map((cell) => cell.seeds.length));
  const note = wrap(
    `${split}; ${first!.prompts} held-out prompts of ${first!.lengths.join(", ")} tokens; each seed draws its own split. ` +
      `Mean over ${seeds} ${seeds === 1 ? "seed" : "seeds"} and, below it, the 95% interval (bootstrap of seeds and of groups of prompts). off-task: KL on unrelated texts, nats per token, both directions.`,
  );
  const front = (title: string, ids: readonly string[], cost: MeasureName, show: (x: number) => string) => {
    const own = ids.map((cell) => cells.find((other) => other.id === cell)!);
    const lines = own.map((cell) => {
      const { flips } = cell.measures;
      const flipped = `${percent(flips.value)}% [${percent(flips.low)}, ${percent(flips.high)}]`;
      return `  ${show(cell.measures[cost].value).padStart(9)}  ${flipped.padEnd(16)}  ${nameOf(cell)}, ${cell.sites.join("+")}`;
    });
    return [title, ...lines].join("\n");
  };
  return [
    `${id}`,
    note,
    "",
    table(cells),
    "",
    front("Pareto: active parameters, flips (both directions)", pareto.parameters, "activeParameters", count),
    front("Pareto: kl-others, flips (both directions)", pareto.klOthers, "klOthers", three),
  ].join("\n");
}

/** Under the name of each cell its means, and below them their intervals. */
function table(cells: readonly Cell[]): string {
  const rows = cells.flatMap((cell) => {
    const row = (name: string, measures: Cell["measures"]) => ({
      name,
      texts: columns.map(([, measure, show, unit]) => both(measures[measure], show, unit)),
    });
    const own = row(`${nameOf(cell)}, ${cell.sites.join("+")}`, cell.measures);
    if (cell.newLengths === undefined) return [own];
    const { lengths, measures } = cell.newLengths;
    return [own, row(`  the same on new lengths (${lengths.join(", ")} tokens)`, measures)];
  });
  const widths = columns.map(([heading], i) =>
    Math.max(heading.length, ...rows.flatMap(({ texts }) => texts[i]!.map((text) => text.length))),
  );
  const line = (texts: readonly string[]) =>
    `  ${texts.map((text, i) => text.padStart(widths[i]!)).join(" ")}`.trimEnd();
  const headings = line(columns.map(([heading]) => heading));
  const body = rows.flatMap(({ name, texts }) => [
    name,
    line(texts.map(([mean]) => mean)),
    line(texts.map(([, at]) => at)),
  ]);
  return [headings, "─".repeat(headings.length), ...body.filter((text) => text !== "")].join("\n");
}

function both({ value, low, high }: Interval, show: (x: number) => string, unit: string): [string, string] {
  if (Number.isNaN(value)) return ["–", ""];
  return [`${show(value)}${unit}`, `[${show(low)},${show(high)}]`];
}

/** `scalars λ 0.6` */
function nameOf({ method, weight }: Cell): string {
  return `${method} λ ${weight}`;
}

function printClaims(claims: readonly Claim[]): string {
  const blocks = claims.map(({ number, statement, criterion, verdict, findings }) => {
    const lines = findings.map((finding) => {
      const numbers = Object.entries(finding.numbers).map(([name, { value, low, high }]) => {
        const show = (x: number) => (Math.abs(x) < 0.005 ? "0.00" : x.toFixed(2).replace("-", "−"));
        return `${name} ${show(value)} [${show(low)}, ${show(high)}]`;
      });
      return wrap(
        [`${finding.task}: ${finding.verdict}.`, ...numbers.map((text) => `${text}.`), finding.why].join(" "),
        5,
        7,
      );
    });
    return [wrap(`${number}. ${verdict}: ${statement}`, 0, 3), wrap(criterion, 3, 3), ...lines].join("\n");
  });
  const heading = "The paper's claims at the first sites and the penalty nearest to the default (thresholds are ours)";
  return `${wrap(heading)}\n\n${blocks.join("\n")}`;
}

/** Breaks at spaces; the first line starts at column `first`, the others at `rest`. */
function wrap(text: string, first = 0, rest = 0): string {
  const lines: string[] = [];
  let line = " ".repeat(first);
  for (const word of text.split(" ")) {
    const isEmpty = line.trim() === "";
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = " ".repeat(rest) + word;
    } else line += isEmpty ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}
