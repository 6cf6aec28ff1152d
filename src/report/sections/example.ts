import { beta, fixed, probability } from "../../text/numbers";
import { bars } from "../charts/bars";
import { legend } from "../charts/lines";
import type { ExampleRow, TaskData } from "../data";
import { figure, type Sheet, section, table } from "../html";
import { escapeHtml, tokenHtml, tokenLabel } from "../text";
import { share } from "./shares";

/** The prompt by tokens, and what each intervention makes of it. */
export function exampleSection(sheet: Sheet, { example }: TaskData): string {
  const { tokens, correct, wrong, rows } = example;
  const role = (token: string) =>
    token.trim() === correct.trim() ? "correct" : token.trim() === wrong.trim() ? "wrong" : "";
  // The prompt's own line breaks stay visible as tokens and still break the line.
  const prompt = tokens.map((token) => tokenHtml(token, role(token)) + (token.includes("\n") ? "<br>" : ""));
  const named = (row: ExampleRow) => (row.beta === null ? row.label : `${row.label}, β = ${beta(row.beta)}`);
  const top = (row: ExampleRow) =>
    row.top.map(({ token, probability: p }) => `<span class="pair">${tokenHtml(token)} ${probability(p)}</span>`);
  const names = [`${tokenLabel(wrong, 18)} (wrong)`, `${tokenLabel(correct, 18)} (correct)`] as const;
  const chart = figure(sheet, {
    kind: "example",
    name: "Which candidate wins",
    caption: "Probability of each as the next token.",
    svg: bars(sheet, {
      names: rows.map(named),
      series: [
        { name: names[0], color: "var(--wrong)", values: rows.map((row) => -row.pWrong) },
        { name: names[1], color: "var(--correct)", values: rows.map((row) => row.pCorrect) },
      ],
      isStacked: false,
      x: {
        domain: [-1.28, 1.28],
        ticks: [-1, -0.5, 0, 0.5, 1],
        grid: [-1, -0.5, 0.5, 1],
        format: (value) => share(Math.abs(value)),
      },
      format: (value) => probability(Math.abs(value)),
      description: "Probability of the two candidates under each intervention.",
    }),
    data: [
      ["intervention", "beta", "answer", "p_correct", "p_wrong", "delta"],
      ...rows.map((row) => [row.label, row.beta ?? undefined, row.answer, row.pCorrect, row.pWrong, row.delta]),
    ],
  });
  const numbers = table({
    label: "The example in numbers",
    columns: ["Intervention", "Answer", "p(correct)", "p(wrong)", "Δ logit", "Most likely tokens"],
    rows: rows.map((row) => [
      named(row),
      { html: tokenHtml(row.answer, role(row.answer)) },
      probability(row.pCorrect),
      probability(row.pWrong),
      fixed(row.delta, 2, true),
      { html: `<div class="pairs">${top(row).join(" ")}</div>` },
    ]),
    groups: rows.flatMap((row, i) => (i > 0 && rows[i - 1]!.label !== row.label ? [i] : [])),
  });
  return section(
    sheet,
    "example",
    "One prompt",
    `<p>The model reads these ${tokens.length} tokens. Correct is ${tokenHtml(correct, "correct")},
wrong is ${tokenHtml(wrong, "wrong")}: β = +1 should make the first win, β = −1 the second,
and β = 0 changes nothing.</p>
<p class="prompt" role="img" aria-label="${escapeHtml(example.prompt)}">${prompt.join(" ")}</p>
${legend([
  { name: names[0], color: "var(--wrong)", glyph: "■" },
  { name: names[1], color: "var(--correct)", glyph: "■" },
])}${chart}
${numbers}`,
  );
}
