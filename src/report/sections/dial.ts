import { beta, count, fixed } from "../../text/numbers";
import { type Line, legend, lines, stylesOf } from "../charts/lines";
import type { TaskData } from "../data";
import { figure, type Sheet, section } from "../html";
import { ends, intervalNames, shares } from "./shares";

/** Δ and probabilities as β turns. */
export function dialSection(sheet: Sheet, { dials, methods, prompts, seed }: TaskData): string {
  if (dials.length === 0) return "";
  const betas = dials[0]!.points.map((point) => point.beta);
  const [first, last] = [Math.min(...betas), Math.max(...betas)];
  const ticks = [first, -1, -0.5, 0, 0.5, 1, last].filter((tick) => tick >= first && tick <= last);
  const x = { label: "β", domain: [first, last], ticks: [...new Set(ticks)], format: beta };
  const styles = stylesOf(methods);
  const series = dials.map(({ method, points: all }): Line => {
    const { name, color } = styles[methods.indexOf(method)]!;
    return { name, color, points: all.map((point) => ({ x: point.beta, ...point.delta })) };
  });
  const deltas = figure(sheet, {
    kind: "dial",
    name: "Δ as β turns",
    caption: "Mean logit(correct) − logit(wrong); the band is the 95% interval over groups of prompts.",
    svg: lines(sheet, {
      series,
      x,
      y: { label: "Δ, logits", format: (value) => fixed(value, 1) },
      upright: [-1, 1],
      description: "Mean Δ as β goes from one end to the other.",
    }),
    data: [
      ["method", "beta", ...intervalNames("delta")],
      ...dials.flatMap(({ method, points: all }) => all.map((point) => [method, point.beta, ...ends(point.delta)])),
    ],
  });
  const answers = [
    { key: "correct", name: "correct answer", color: "var(--correct)" },
    { key: "wrong", name: "wrong answer", color: "var(--wrong)" },
    { key: "others", name: "all other tokens", color: "var(--soft)", isDashed: true },
  ] as const;
  const probabilities = dials.map(({ method, points: all }) =>
    figure(sheet, {
      kind: "dial",
      name: `Probabilities, ${method}`,
      caption: "Means over the prompts, with 95% intervals.",
      svg: lines(sheet, {
        series: answers.map(({ key, ...style }) => ({
          ...style,
          points: all.map((point) => ({ x: point.beta, ...point[key] })),
        })),
        x,
        y: { ...shares, label: "probability" },
        upright: [-1, 1],
        description: `Probabilities under ${method} as β goes from one end to the other.`,
      }),
      data: [
        ["beta", ...answers.flatMap(({ key }) => intervalNames(key))],
        ...all.map((point) => [point.beta, ...answers.flatMap(({ key }) => ends(point[key]))]),
      ],
    }),
  );
  return section(
    sheet,
    "dial",
    "One dial",
    `<p>β = 0 is the model as it is; learning saw β = −1 and +1 alone, everything between and beyond is extrapolated.
${count(prompts)} held-out prompts, the interventions of seed ${seed}.</p>
${legend(series)}${deltas}
${legend(answers)}${probabilities.join("\n")}`,
  );
}
