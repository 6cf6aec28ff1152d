import { type Canvas, svgText } from "./canvas";
import type { Example, ExampleRow } from "./data";
import { beta, percent, tokenLabel } from "./text";

/** The name of a row, as the chart and the table print it. */
export function rowName(row: ExampleRow): string {
  return row.beta === null ? row.label : `${row.label}, β = ${beta(row.beta)}`;
}

/** Draws, for each intervention, the wrong candidate's probability to the left and the correct one's to the right. */
export function candidateBars({ plot, document }: Canvas, example: Example): string {
  const rows = example.rows.map((row, i) => ({ ...row, i, name: rowName(row) }));
  const correct = tokenLabel(example.correct, 18);
  const wrong = tokenLabel(example.wrong, 18);
  const marginLeft = Math.max(90, ...rows.map(({ name }) => name.length * 7 + 14));
  const chart = plot.plot({
    document,
    width: marginLeft + 500,
    height: rows.length * 28 + 66,
    marginLeft,
    marginRight: 20,
    marginTop: 30,
    marginBottom: 36,
    color: { type: "identity" },
    x: { domain: [-1.28, 1.28], axis: null },
    y: { type: "band", domain: rows.map(({ i }) => i), axis: null, padding: 0.25 },
    marks: [
      plot.axisX({
        ticks: [-1, -0.5, 0, 0.5, 1],
        tickFormat: (d: number) => `${Math.abs(d) * 100}%`,
        tickSize: 0,
        label: null,
      }),
      plot.gridX([-1, -0.5, 0.5, 1], { strokeOpacity: 0.12 }),
      plot.axisY({ tickFormat: (i: number) => rows[i]!.name, tickSize: 0, label: null }),
      plot.barX(rows, { x: (row) => -row.pWrong, y: "i", fill: "var(--wrong)", rx: 2 }),
      plot.barX(rows, { x: "pCorrect", y: "i", fill: "var(--correct)", rx: 2 }),
      plot.text(rows, {
        x: (row) => -row.pWrong,
        y: "i",
        text: (row) => percent(row.pWrong),
        textAnchor: "end",
        dx: -5,
        fill: "currentColor",
      }),
      plot.text(rows, {
        x: "pCorrect",
        y: "i",
        text: (row) => percent(row.pCorrect),
        textAnchor: "start",
        dx: 5,
        fill: "currentColor",
      }),
      plot.ruleX([0], { strokeOpacity: 0.6 }),
      plot.text([wrong], {
        frameAnchor: "top-left",
        text: (label) => `← ${label} (wrong)`,
        dy: -24,
        fill: "var(--wrong-text)",
        fontWeight: 600,
      }),
      plot.text([correct], {
        frameAnchor: "top-right",
        text: (label) => `${label} (correct) →`,
        dy: -24,
        fill: "var(--correct-text)",
        fontWeight: 600,
      }),
    ],
  });
  const said = rows.map((row) => `${row.name}: ${correct} ${percent(row.pCorrect)}, ${wrong} ${percent(row.pWrong)}`);
  return svgText(chart as Element, `Probability of the two candidates. ${said.join("; ")}.`);
}
