import { fixed, withInterval } from "../../text/numbers";
import { textTable } from "../../text/table";
import { columnOf, type MeasureName, measuresIn } from "../measure/measures";
import type { Interval } from "../statistics";
import type { Claim } from "./claims";
import type { Cell, Summary, TaskSummary } from "./summary";

const width = 80;

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
  const front = (title: string, ids: readonly string[], cost: MeasureName) => {
    const own = ids.map((cell) => cells.find((other) => other.id === cell)!);
    const lines = own.map((cell) => {
      const spent = columnOf(cost).format.text(cell.measures[cost].value);
      const flips = withInterval(cell.measures.flips, columnOf("flips").format.text);
      return `  ${spent.padStart(9)}  ${flips.padEnd(16)}  ${nameOf(cell)}, ${cell.sites.join("+")}`;
    });
    return [title, ...lines].join("\n");
  };
  return [
    `${id}`,
    note,
    "",
    table(cells),
    "",
    front("Pareto: active parameters, flips (both directions)", pareto.parameters, "activeParameters"),
    front("Pareto: kl-others, flips (both directions)", pareto.klOthers, "klOthers"),
  ].join("\n");
}

/** Under the name of each cell its means, and below them their intervals. */
function table(cells: readonly Cell[]): string {
  const shown = measuresIn("sweep");
  const rows = cells.flatMap((cell) => {
    const own = { name: `${nameOf(cell)}, ${cell.sites.join("+")}`, measures: cell.measures };
    if (cell.newLengths === undefined) return [own];
    const { lengths, measures } = cell.newLengths;
    return [own, { name: `  the same on new lengths (${lengths.join(", ")} tokens)`, measures }];
  });
  const cellsOf = (measures: Cell["measures"]) =>
    shown.map(({ name, format }) => meanAndInterval(measures[name], format.narrow));
  const texts = rows.flatMap(({ measures }) => {
    const both = cellsOf(measures);
    return [both.map(([mean]) => mean), both.map(([, interval]) => interval)];
  });
  const headings = shown.map(({ label, narrowLabel = label }) => narrowLabel);
  const [heading, ...lines] = textTable([headings, ...texts], { left: [], gap: 1 }).map((line) =>
    `  ${line}`.trimEnd(),
  );
  const body = rows.flatMap(({ name }, i) => [name, lines[2 * i]!, lines[2 * i + 1]!]);
  return [heading!, "─".repeat(heading!.length), ...body.filter((text) => text !== "")].join("\n");
}

/** `98%` and `[97,99]`; a dash where nothing was measured. */
function meanAndInterval({ value, low, high }: Interval, show: (x: number) => string): [string, string] {
  if (Number.isNaN(value)) return ["–", ""];
  return [show(value), `[${show(low)},${show(high)}]`.replaceAll("%", "")];
}

/** `scalars λ 0.6` */
function nameOf({ method, weight }: Cell): string {
  return `${method} λ ${weight}`;
}

function printClaims(claims: readonly Claim[]): string {
  const blocks = claims.map(({ number, statement, criterion, verdict, findings }) => {
    const lines = findings.map((finding) => {
      const numbers = Object.entries(finding.numbers).map(
        ([name, interval]) => `${name} ${withInterval(interval, (x) => fixed(x, 2))}`,
      );
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
