import type { Claim, Interval } from "../steering";
import type { Canvas } from "./canvas";
import { seriesStyle } from "./curve";
import { linesLegend, linesSvg, type Series } from "./lines";
import { type CostAxis, type ParetoPoint, paretoSvg } from "./pareto";
import { figure, section, table } from "./parts";
import type { SweepReportData, TaskReport } from "./sweep-data";
import { termsSvg } from "./terms";
import { beta, compact, count, escapeHtml, fixed, significant } from "./text";

/** The title, the question, and which claims hold. */
export function sweepHeader(data: SweepReportData): string {
  const verdicts = data.claims.map(({ verdict }) => verdict);
  const tally = (verdict: string) => verdicts.filter((one) => one === verdict).length;
  const open = tally("NOT MEASURED");
  const facts: [string, string, string][] = [
    ["Model", data.model.name, `${compact(data.model.parameters)} parameters, ${data.model.n_layers} layers`],
    ["Tasks", data.tasks.map(({ id }) => id).join(", "), ""],
    ["Seeds", data.reproduce.seeds.join(", "), "each draws a split of its own"],
    ["Claims", `${tally("PASS")} pass, ${tally("FAIL")} fail`, open > 0 ? `${open} not measured` : ""],
  ];
  const items = facts.map(
    ([term, fact, detail]) =>
      `<div><dt>${term}</dt><dd>${escapeHtml(fact)}<small>${escapeHtml(detail)}</small></dd></div>`,
  );
  return `<header><h1>${escapeHtml(data.title)}</h1><p class="lead">${escapeHtml(data.question)}</p>
<dl class="facts">${items.join("")}</dl></header>`;
}

/** Effectiveness against the two costs. */
export function paretoSection(canvas: Canvas, { pareto, methods }: TaskReport): string {
  const glyphs = methods.map((name, i) => {
    const { glyph, color } = seriesStyle(i);
    return `<span><span style="color:${color}" aria-hidden="true">${glyph}</span> ${escapeHtml(name)}</span>`;
  });
  const draw = (name: string, points: ParetoPoint[], axis: CostAxis) =>
    figure(canvas, {
      kind: "pareto",
      name,
      caption: "Share of held-out prompts flipped, both directions, against what it costs.",
      svg: paretoSvg(canvas, points, methods, axis),
      data: [
        ["method", "setting", ...intervalNames("flips"), ...intervalNames("cost"), "on_front"],
        ...points.map(({ method, setting, flips, cost, isOnFront }) => [
          ...[method, setting, ...ends(flips), ...ends(cost)],
          String(isOnFront),
        ]),
      ],
    });
  const counts: CostAxis = {
    label: "active parameters",
    type: "symlog",
    ticks: [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000],
    format: (value) => count(Math.round(value)),
  };
  const nats: CostAxis = { label: "kl-others in nats", type: "linear", format: significant };
  return section(
    canvas,
    "pareto",
    "What effectiveness costs",
    `<p>One point for each method, set of sites and penalty: mean over seeds, with 95% intervals as lines. Filled points,
joined by a grey line, are on the Pareto front: no other flips at least as many at no more cost.</p>
<div class="legend">${glyphs.join("")}<span>filled: on the front</span></div>
${draw("Flips and active parameters", pareto.parameters, counts)}
${draw("Flips and kl-others", pareto.klOthers, nats)}`,
  );
}

/** Δ and probabilities as β turns. */
export function dialSection(canvas: Canvas, { dials, methods, prompts, seed }: TaskReport): string {
  if (dials.length === 0) return "";
  const line = (points: Series["points"], name: string, color: string): Series => ({ name, color, points });
  const series = dials.map(({ method, points }) =>
    line(
      points.map((point) => ({ x: point.beta, ...point.delta })),
      method,
      seriesStyle(methods.indexOf(method)).color,
    ),
  );
  const betas = dials[0]!.points.map((point) => point.beta);
  const [first, last] = [Math.min(...betas), Math.max(...betas)];
  const ticks = [first, -1, -0.5, 0, 0.5, 1, last].filter((tick) => tick >= first && tick <= last);
  const x = { label: "β", ticks: [...new Set(ticks)], format: beta };
  const deltas = figure(canvas, {
    kind: "dial",
    name: "Δ as β turns",
    caption: "Mean logit(correct) − logit(wrong); the band is the 95% interval over groups of prompts.",
    svg: linesSvg(canvas, series, {
      x,
      y: { label: "Δ, logits", format: (value) => fixed(value, 1) },
      marks: [-1, 1],
      description: "Mean Δ as β goes from one end to the other.",
    }),
    data: [
      ["method", "beta", ...intervalNames("delta")],
      ...dials.flatMap(({ method, points }) => points.map((point) => [method, point.beta, ...ends(point.delta)])),
    ],
  });
  const shares = dials.map(({ method, points }) => {
    const of = (key: "correct" | "wrong" | "others") => points.map((point) => ({ x: point.beta, ...point[key] }));
    const answers = [
      line(of("correct"), "correct answer", "var(--correct)"),
      line(of("wrong"), "wrong answer", "var(--wrong)"),
      { ...line(of("others"), "all other tokens", "var(--soft)"), isDashed: true },
    ];
    return `${linesLegend(answers)}${figure(canvas, {
      kind: "dial",
      name: `Probabilities, ${method}`,
      caption: "Means over the prompts, with 95% intervals.",
      svg: linesSvg(canvas, answers, {
        x,
        y: { label: "probability", format: (value) => `${Math.round(100 * value)}%`, domain: [0, 1] },
        marks: [-1, 1],
        description: `Probabilities under ${method} as β goes from one end to the other.`,
      }),
      data: [
        ["beta", ...["correct", "wrong", "others"].flatMap(intervalNames)],
        ...points.map((point) => [point.beta, ...[point.correct, point.wrong, point.others].flatMap(ends)]),
      ],
    })}`;
  });
  return section(
    canvas,
    "dial",
    "One dial",
    `<p>β = 0 is the model as it is; learning saw β = −1 and +1 alone, everything between and beyond is extrapolated.
${count(prompts)} held-out prompts, the interventions of seed ${seed}.</p>
${linesLegend(series)}${deltas}
${shares.join("\n")}`,
  );
}

/** What the model would say after each block, and which parts push for which answer, before and after. */
export function insideSection(canvas: Canvas, { inside, example }: TaskReport): string {
  if (inside === undefined) return "";
  const { lens, terms, method } = inside;
  const names = { before: "without intervention", after: `${method}, β = ${beta(inside.beta)}` };
  const line = (side: "before" | "after", answer: "correct" | "wrong"): Series => ({
    name: `${answer}, ${names[side]}`,
    color: `var(--${answer})`,
    isDashed: side === "before",
    points: lens.map((place, i) => ({ x: i, value: place[side][answer] })),
  });
  const series = [line("before", "correct"), line("before", "wrong"), line("after", "correct"), line("after", "wrong")];
  const every = Math.max(1, Math.ceil(lens.length / 9));
  const ticks = lens.map((_, i) => i).filter((i) => i % every === 0 || i === lens.length - 1);
  const lensFigure = figure(canvas, {
    kind: "lens",
    name: "Logit lens at the last token",
    caption: "Probability of both answers if the model ended at this place.",
    svg: linesSvg(canvas, series, {
      x: { label: "after", ticks, format: (i) => lens[i]!.place },
      y: { label: "probability", format: (value) => `${Math.round(100 * value)}%`, domain: [0, 1] },
      description: "Probability of both answers by place, read with the logit lens.",
    }),
    data: [
      ["place", "correct_before", "wrong_before", "correct_after", "wrong_after"],
      ...lens.map(({ place, before, after }) => [place, before.correct, before.wrong, after.correct, after.wrong]),
    ],
  });
  const bars = figure(canvas, {
    kind: "attribution",
    name: "Direct logit attribution",
    caption: "What each part adds to Δ after the last token, edits included; each colour adds up to its Δ.",
    svg: termsSvg(canvas, terms, names),
    data: [["part", "before", "after"], ...terms.map(({ name, before, after }) => [name, before, after])],
  });
  const legend = `<div class="legend"><span><span style="color:var(--soft)" aria-hidden="true">■</span>
${escapeHtml(names.before)}</span><span><span style="color:var(--c0)" aria-hidden="true">■</span> ${escapeHtml(names.after)}</span></div>`;
  return section(
    canvas,
    "inside",
    "Looking inside, before and after",
    `<p>The prompt above, ${example.tokens.length} tokens, read after its last one.</p>
${linesLegend(series)}${lensFigure}
${legend}${bars}`,
  );
}

/** Every claim with its verdict, its numbers and its explanation. */
export function claimsSection(claims: readonly Claim[]): string {
  const mark = (verdict: string) =>
    `<b class="verdict ${verdict === "PASS" ? "pass" : verdict === "FAIL" ? "fail" : "open"}">${escapeHtml(verdict)}</b>`;
  const items = claims.map(({ number, statement, criterion, verdict, findings }) => {
    const lines = findings.map(({ task, verdict: own, numbers, why }) => {
      const measured = Object.entries(numbers).map(
        ([name, { value, low, high }]) =>
          `${escapeHtml(name)} ${fixed(value, 2)} <span class="soft">[${fixed(low, 2)}, ${fixed(high, 2)}]</span>`,
      );
      return `<li>${mark(own)} <code>${escapeHtml(task)}</code> ${[...measured, escapeHtml(why)].join(". ")}</li>`;
    });
    return `<div class="claim"><h3>${number}. ${mark(verdict)} ${escapeHtml(statement)}</h3>
<p class="soft">${escapeHtml(criterion)}</p><ul>${lines.join("")}</ul></div>`;
  });
  return `<section aria-labelledby="claims"><h2 id="claims">The paper's claims</h2>
<p>The claims are the paper's; when one passes is ours. Each is checked at the first
sites of the grid and the penalty nearest to the default. Brackets are 95% intervals.</p>
${items.join("\n")}</section>`;
}

/** What could not be learned, where there is any. */
export function failedSection({ failed }: SweepReportData): string {
  if (failed.length === 0) return "";
  const items = failed.map(({ id, problem }) => `<li><code>${escapeHtml(id)}</code> ${escapeHtml(problem)}</li>`);
  return `<section aria-labelledby="failed"><h2 id="failed">Not learned</h2>
<p>These trials ended with an error and are in no mean.</p><ul>${items.join("")}</ul></section>`;
}

/** The exact command, the seeds and the versions. */
export function sweepReproduceSection({ reproduce, model }: SweepReportData): string {
  const versions = [["Model", model.name] as const, ...reproduce.versions].map(([name, version]) => [name, version]);
  return `<section aria-labelledby="reproduce"><h2 id="reproduce">Make this report again</h2>
<pre><code>${escapeHtml(reproduce.command)}</code></pre>
<p>Seeds ${escapeHtml(reproduce.seeds.join(", "))}. The same command gives the same numbers with the same versions on the
same kind of processor; other processors round differently.</p>
${table({ label: "Versions", columns: ["What", "Version"], rows: versions, numeric: [false, false] })}
<p class="soft">The method is Activation Scaling, arXiv 2410.04962. The figures lie beside this file in
<code>figures</code>, as SVG, with their numbers as CSV.</p></section>`;
}

function intervalNames(name: string): string[] {
  return [name, `${name}_low`, `${name}_high`];
}

function ends({ value, low, high }: Interval): number[] {
  return [value, low, high];
}
