import { type Canvas, svgText } from "./canvas";
import { gradient, STEPS, sequentialColor } from "./colors";
import { figure, section } from "./parts";
import type { AttentionReport, TaskReport } from "./sweep-data";
import { beta, fixed, tokenLabel } from "./text";

type Head = AttentionReport["heads"][number];

const CELL = 18;
const LABEL_LENGTH = 14;
const CHAR_WIDTH = 7.3;
/** Cells with less are left empty: they would print as 0%. */
const SHOWN = 0.005;

/** Which tokens the heads that change most read, without and with an intervention. */
export function attentionSection(canvas: Canvas, { attention }: TaskReport): string {
  if (attention === undefined) return "";
  const { heads, method, of } = attention;
  const names = { before: "without intervention", after: `${method}, β = ${beta(attention.beta)}` };
  const title = "Attention, before and after";
  if (heads.length === 0) {
    const why = `<p>No head of the ${of} reads anything else under the intervention: it acts after what they read.</p>`;
    return section(canvas, "attention", title, why);
  }
  const figures = heads.map((head) =>
    figure(canvas, {
      kind: "attention",
      name: `Head ${head.layer}.${head.head}`,
      caption: `${percent(head.change)} of what a token reads moves elsewhere, mean over tokens.`,
      svg: attentionSvg(canvas, head, attention.tokens, names),
      data: [
        ["query", "query_token", "key", "key_token", "before", "after"],
        ...head.before.flatMap((row, query) =>
          row
            .slice(0, query + 1)
            .map((p, key) => [
              ...[query, attention.tokens[query], key, attention.tokens[key]],
              ...[p, head.after[query]![key]],
            ]),
        ),
      ],
    }),
  );
  const bar = `<i style="background:${gradient("s", 0, STEPS)}"></i>`;
  return section(
    canvas,
    "attention",
    title,
    `<p>Each row is a token of the prompt above, each column an earlier one that it reads. The ${heads.length} of ${of} heads
whose reading changes most; block and head are counted from 0.</p>
<div class="legend"><span class="bar">0%${bar}100%</span></div>
${figures.join("\n")}`,
  );
}

/** Draws one head twice, side by side on one scale. */
function attentionSvg(
  { plot, document }: Canvas,
  { layer, head, before, after }: Head,
  tokens: string[],
  names: { before: string; after: string },
): string {
  const labels = tokens.map((token) => tokenLabel(token, LABEL_LENGTH));
  const sides = [
    { side: names.before, rows: before },
    { side: names.after, rows: after },
  ];
  const cells = sides.flatMap(({ side, rows }) =>
    rows.flatMap((row, query) => row.map((p, key) => ({ side, query, key, p }))).filter(({ p }) => p >= SHOWN),
  );
  const longest = Math.max(1, ...labels.map((label) => Array.from(label).length)) * CHAR_WIDTH;
  const [marginLeft, marginBottom] = [Math.ceil(longest) + 12, Math.ceil(longest) + 14];
  const order = tokens.map((_, i) => i);
  const chart = plot.plot({
    document,
    width: marginLeft + 2 * CELL * tokens.length + 44,
    height: CELL * tokens.length + marginBottom + 30,
    marginLeft,
    marginRight: 12,
    marginTop: 30,
    marginBottom,
    padding: 0.06,
    color: { type: "identity" },
    fx: { domain: sides.map(({ side }) => side), axis: "top", label: null, padding: 0.04 },
    x: { type: "band", domain: order, axis: null },
    y: { type: "band", domain: order, axis: null },
    marks: [
      plot.frame({ strokeOpacity: 0.25 }),
      plot.cell(cells, {
        fx: "side",
        x: "key",
        y: "query",
        fill: ({ p }) => sequentialColor(p, 1),
        title: ({ query, key, p }) => `${query} “${labels[query]}” reads ${key} “${labels[key]}”: ${percent(p)}`,
      }),
      plot.text(labels, {
        x: (_, key) => key,
        text: (label) => label,
        frameAnchor: "bottom",
        textAnchor: "end",
        lineAnchor: "middle",
        rotate: -90,
        dy: 6,
        fill: "currentColor",
        className: "tokens",
      }),
      plot.text(labels, {
        fx: () => names.before,
        y: (_, query) => query,
        text: (label) => label,
        frameAnchor: "left",
        textAnchor: "end",
        dx: -6,
        fill: "currentColor",
        className: "tokens",
      }),
    ],
  });
  const said = sides.map(({ side, rows }) => {
    const last = rows.at(-1)!;
    const most = last.indexOf(Math.max(...last));
    return `${side}: the last token reads token ${most} “${labels[most]}” most, ${percent(last[most]!)}`;
  });
  return svgText(chart as Element, `Attention of head ${layer}.${head} by token. ${said.join("; ")}.`);
}

function percent(share: number): string {
  return `${fixed(100 * share, 0)}%`;
}
