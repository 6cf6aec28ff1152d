import { candidateBars, rowName } from "./bars";
import type { Canvas } from "./canvas";
import { curveSvg, seriesStyle } from "./curve";
import type { Example, ExampleRow, ReportData } from "./data";
import { moved } from "./maps";
import { figure, section, table } from "./parts";
import { compact, count, duration, escapeHtml, fixed, percent, tokenHtml } from "./text";

/** The title, the question and the facts a reader needs first. */
export function header(data: ReportData): string {
  const { active, total } = moved(data.faders.sites.map(({ alpha }) => alpha));
  const facts: [string, string, string][] = [
    ["Model", data.model.name, `${compact(data.model.parameters)} parameters, ${data.model.n_layers} layers`],
    ["Task", data.task.name, data.task.description],
    ["Split", data.task.split, ""],
    ["Faders moved", `${count(active)} of ${count(total)}`, "the others are exactly 0"],
  ];
  const items = facts.map(
    ([term, fact, detail]) =>
      `<div><dt>${term}</dt><dd>${escapeHtml(fact)}<small>${escapeHtml(detail)}</small></dd></div>`,
  );
  return `<header><h1>${escapeHtml(data.title)}</h1><p class="lead">${escapeHtml(data.question)}</p>
<dl class="facts">${items.join("")}</dl></header>`;
}

/** The prompt by tokens, and what each intervention makes of it. */
export function exampleSection(canvas: Canvas, example: Example): string {
  const same = (token: string, candidate: string) => token.trim() === candidate.trim();
  const role = (token: string) =>
    same(token, example.correct) ? "correct" : same(token, example.wrong) ? "wrong" : "";
  const prompt = example.tokens.map((token) => {
    // The prompt's own line breaks stay visible as tokens and still break the line.
    return tokenHtml(token, role(token)) + (token.includes("\n") ? "<br>" : "");
  });
  const rows = example.rows.map((row) => [
    rowName(row),
    { html: tokenHtml(row.answer, role(row.answer)) },
    percent(row.pCorrect),
    percent(row.pWrong),
    fixed(row.delta, 2, true),
    { html: topTokens(row) },
  ]);
  const groups = example.rows.flatMap((row, i) => (i > 0 && example.rows[i - 1]!.label !== row.label ? [i] : []));
  const chart = figure(canvas, {
    kind: "example",
    name: "Which candidate wins",
    caption: "Probability of each as the next token.",
    svg: candidateBars(canvas, example),
    data: [
      ["intervention", "beta", "answer", "p_correct", "p_wrong", "delta"],
      ...example.rows.map((row) => [row.label, row.beta ?? undefined, row.answer, row.pCorrect, row.pWrong, row.delta]),
    ],
  });
  const content = `<p>The model reads these ${example.tokens.length} tokens. Correct is ${tokenHtml(example.correct, "correct")},
wrong is ${tokenHtml(example.wrong, "wrong")}: β = +1 should make the first win, β = −1 the second,
and β = 0 changes nothing.</p>
<p class="prompt" role="img" aria-label="${escapeHtml(example.prompt)}">${prompt.join(" ")}</p>
${chart}
${table({
  label: "The example in numbers",
  columns: ["Intervention", "Answer", "p(correct)", "p(wrong)", "Δ logit", "Most likely tokens"],
  rows,
  numeric: [false, false, true, true, true, false],
  groups,
})}`;
  return section(canvas, "example", "One prompt", content);
}

/** The most likely tokens on one line, which scrolls rather than makes a tall row. */
function topTokens({ top }: ExampleRow): string {
  const items = top.map(({ token, probability }) => `${tokenHtml(token)} ${percent(probability)}`);
  return `<span class="line">${items.join("&ensp; ")}</span>`;
}

/** The comparison of the methods. */
export function tableSection({ table: parts }: ReportData): string {
  const note = parts.note === undefined ? "" : `<p class="soft">${escapeHtml(parts.note)}</p>`;
  return `<section aria-labelledby="comparison"><h2 id="comparison">Faders and steering vectors compared</h2>
${table({ label: "Comparison", columns: parts.columns, rows: parts.rows })}${note}</section>`;
}

/** The pruning curves, where there are any. */
export function curveSection(canvas: Canvas, curves: ReportData["curves"]): string {
  if (curves === undefined || curves.length === 0) return "";
  const legend = curves.map(({ name }, i) => {
    const { glyph, color } = seriesStyle(i);
    return `<span><span style="color:${color}" aria-hidden="true">${glyph}</span> ${escapeHtml(name)}</span>`;
  });
  const isBanded = curves.some(({ points }) => points.some(({ low }) => low !== undefined));
  const caption =
    "Share of prompts where the intended answer leads at β = ±1, with only the k largest locations kept." +
    (isBanded ? " The band is the 95% interval over seeds and groups of prompts." : "");
  const data = [
    ["method", "k", "effectiveness", "effectiveness_low", "effectiveness_high"],
    ...curves.flatMap(({ name, points }) =>
      points.map(({ k, effectiveness, low, high }) => [name, k, effectiveness, low, high]),
    ),
  ];
  const chart = figure(canvas, {
    kind: "curve",
    name: "Pruning curve",
    caption,
    svg: curveSvg(canvas, curves),
    data,
  });
  return section(
    canvas,
    "pruning",
    "How few places are enough",
    `<div class="legend">${legend.join("")}</div>\n${chart}`,
  );
}

/** How to make this report again. */
export function reproduceSection({ reproduce }: ReportData): string {
  return `<section aria-labelledby="reproduce"><h2 id="reproduce">Make this report again</h2>
<pre><code>${escapeHtml(reproduce.command)}</code></pre>
<p class="soft">Fader ${escapeHtml(reproduce.version)}, seed ${escapeHtml(String(reproduce.seed))},
${duration(reproduce.seconds)}.
The method is Activation Scaling, arXiv 2410.04962.</p></section>`;
}
