import { type Canvas, svgText } from "./canvas";
import { fixed } from "./text";

/** What one part of the model adds to Δ, in logits, without and with an intervention. */
export interface Term {
  name: string;
  before: number;
  after: number;
}

/** Draws two bars for each part, in the order of the forward pass. */
export function termsSvg({ plot, document }: Canvas, terms: Term[], names: { before: string; after: string }): string {
  const rows = terms.flatMap(({ name, before, after }) => [
    { name, side: names.before, value: before, color: "var(--soft)" },
    { name, side: names.after, value: after, color: "var(--c0)" },
  ]);
  const ends = rows.map(({ value }) => value);
  const pad = Math.max(1e-6, Math.max(...ends, 0) - Math.min(...ends, 0)) * 0.12;
  const marginLeft = Math.max(90, ...terms.map(({ name }) => name.length * 7 + 16));
  const chart = plot.plot({
    document,
    width: marginLeft + 470,
    height: terms.length * 36 + 50,
    marginLeft,
    marginRight: 20,
    marginTop: 8,
    marginBottom: 36,
    color: { type: "identity" },
    x: { axis: null, domain: [Math.min(...ends, 0) - pad, Math.max(...ends, 0) + pad] },
    y: { type: "band", domain: [names.before, names.after], axis: null, padding: 0.1 },
    fy: { domain: terms.map(({ name }) => name), padding: 0.25, axis: null },
    marks: [
      plot.axisFy({ anchor: "left", label: null, textAnchor: "end", dx: -8 }),
      plot.axisX({ anchor: "bottom", label: "logits of Δ", labelAnchor: "center", labelArrow: "none" }),
      plot.barX(rows, { x: "value", y: "side", fy: "name", fill: "color", title: titleOf }),
      plot.text(rows, {
        x: "value",
        y: "side",
        fy: "name",
        text: (row) => fixed(row.value, 1, true),
        fill: "currentColor",
        fontSize: 10,
        textAnchor: "start",
        dx: 4,
        filter: (row) => row.value >= 0,
      }),
      plot.text(rows, {
        x: "value",
        y: "side",
        fy: "name",
        text: (row) => fixed(row.value, 1, true),
        fill: "currentColor",
        fontSize: 10,
        textAnchor: "end",
        dx: -4,
        filter: (row) => row.value < 0,
      }),
      plot.ruleX([0], { strokeOpacity: 0.6 }),
    ],
  });
  return svgText(chart as Element, `What each part adds to Δ. ${rows.map(titleOf).join("; ")}.`);
}

function titleOf({ name, side, value }: { name: string; side: string; value: number }): string {
  return `${name}, ${side}: ${fixed(value, 2, true)}`;
}
