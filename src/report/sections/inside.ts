import { beta, fixed } from "../../text/numbers";
import { bars } from "../charts/bars";
import { cells } from "../charts/cells";
import { gradient, STEPS, sequentialColor } from "../charts/colors";
import { type Line, legend, lines } from "../charts/lines";
import type { TaskData } from "../data";
import { figure, type Sheet, section } from "../html";
import { tokenLabel } from "../text";
import { share, shares } from "./shares";

const sides = (method: string, at: number) => ({
  before: "without intervention",
  after: `${method}, β = ${beta(at)}`,
});

/** What the model would say after each block, and which parts push for which answer, before and after. */
export function insideSection(sheet: Sheet, { inside, example }: TaskData): string {
  if (inside === undefined) return "";
  const { lens, terms } = inside;
  const names = sides(inside.method, inside.beta);
  const line = (side: "before" | "after", answer: "correct" | "wrong"): Line => ({
    name: `${answer}, ${names[side]}`,
    color: `var(--${answer})`,
    isDashed: side === "before",
    points: lens.map((place, i) => ({ x: i, value: place[side][answer] })),
  });
  const series = [line("before", "correct"), line("before", "wrong"), line("after", "correct"), line("after", "wrong")];
  const every = Math.max(1, Math.ceil(lens.length / 9));
  const ticks = lens.map((_, i) => i).filter((i) => i % every === 0 || i === lens.length - 1);
  const lensFigure = figure(sheet, {
    kind: "lens",
    name: "Logit lens at the last token",
    caption: "Probability of both answers if the model ended at this place.",
    svg: lines(sheet, {
      series,
      x: { label: "after", domain: [0, lens.length - 1], ticks, format: (i) => lens[i]!.place },
      y: { ...shares, label: "probability" },
      description: "Probability of both answers by place, read with the logit lens.",
    }),
    data: [
      ["place", "correct_before", "wrong_before", "correct_after", "wrong_after"],
      ...lens.map(({ place, before, after }) => [place, before.correct, before.wrong, after.correct, after.wrong]),
    ],
  });
  const parts = [
    { name: names.before, color: "var(--soft)", glyph: "■", values: terms.map(({ before }) => before) },
    { name: names.after, color: "var(--c0)", glyph: "■", values: terms.map(({ after }) => after) },
  ];
  const all = [0, ...parts.flatMap(({ values }) => values)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = Math.max(1e-6, high - low) * 0.12;
  const termsFigure = figure(sheet, {
    kind: "attribution",
    name: "Direct logit attribution",
    caption: "What each part adds to Δ after the last token, edits included; each colour adds up to its Δ.",
    svg: bars(sheet, {
      names: terms.map(({ name }) => name),
      series: parts,
      isStacked: true,
      x: { domain: [low - pad, high + pad], label: "logits of Δ" },
      format: (value) => fixed(value, 1, true),
      description: "What each part adds to Δ.",
    }),
    data: [["part", "before", "after"], ...terms.map(({ name, before, after }) => [name, before, after])],
  });
  return section(
    sheet,
    "inside",
    "Looking inside, before and after",
    `<p>The prompt above, ${example.tokens.length} tokens, read after its last one.</p>
${legend(series)}${lensFigure}
${legend(parts)}${termsFigure}`,
  );
}

const LABEL_LENGTH = 14;

/** Which tokens the heads that change most read, before and after. */
export function attentionSection(sheet: Sheet, { attention, example }: TaskData): string {
  if (attention === undefined) return "";
  const { heads, of } = attention;
  const { tokens } = example;
  const title = "Attention, before and after";
  if (heads.length === 0) {
    const why = `<p>No head of the ${of} reads anything else under the intervention: it acts after what they read.</p>`;
    return section(sheet, "attention", title, why);
  }
  const names = sides(attention.method, attention.beta);
  const labels = tokens.map((token) => tokenLabel(token, LABEL_LENGTH));
  const figures = heads.map(({ layer, head, change, before, after }) => {
    const panels = [
      { name: names.before, values: before },
      { name: names.after, values: after },
    ];
    const said = panels.map(({ name, values }) => {
      const last = values.at(-1)!;
      const most = last.indexOf(Math.max(...last));
      return `${name}: the last token reads token ${most} “${labels[most]}” most, ${share(last[most]!)}`;
    });
    return figure(sheet, {
      kind: "attention",
      name: `Head ${layer}.${head}`,
      caption: `${share(change)} of what a token reads moves elsewhere, mean over tokens.`,
      svg: cells(sheet, {
        panels,
        rows: { labels, isTokens: true },
        columns: labels,
        cell: [18, 18],
        color: (p) => sequentialColor(p, 1),
        describe: (query, key, p) => `${query} “${labels[query]}” reads ${key} “${labels[key]}”: ${share(p)}`,
        // Less would print as 0%.
        least: 0.005,
        description: `Attention of head ${layer}.${head} by token. ${said.join("; ")}.`,
      }),
      data: [
        ["query", "query_token", "key", "key_token", "before", "after"],
        ...before.flatMap((row, query) =>
          row.slice(0, query + 1).map((p, key) => [query, tokens[query], key, tokens[key], p, after[query]![key]]),
        ),
      ],
    });
  });
  return section(
    sheet,
    "attention",
    title,
    `<p>Each row is a token of the prompt above, each column an earlier one that it reads. The ${heads.length} of ${of} heads
whose reading changes most; block and head are counted from 0.</p>
<div class="legend"><span class="bar">0%<i style="background:${gradient("s", 0, STEPS)}"></i>100%</span></div>
${figures.join("\n")}`,
  );
}
