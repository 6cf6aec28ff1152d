import { count, significant } from "../../text/numbers";
import type { Axis } from "../charts/frame";
import { legend, lines, stylesOf } from "../charts/lines";
import { points } from "../charts/points";
import type { FrontPoint, TaskData } from "../data";
import { figure, type Sheet, section } from "../html";
import { ends, intervalNames, shares } from "./shares";

/** Effectiveness against the two costs. */
export function frontsSection(sheet: Sheet, { fronts, methods }: TaskData): string {
  if (fronts === undefined) return "";
  const styles = stylesOf(methods);
  const draw = (name: string, all: readonly FrontPoint[], x: Axis & { label: string; format: (x: number) => string }) =>
    figure(sheet, {
      kind: "pareto",
      name,
      caption: "Share of held-out prompts flipped, both directions, against what it costs.",
      svg: points(sheet, {
        points: all.map(({ method, setting, flips, cost, isOnFront }) => ({
          name: `${method}, ${setting}`,
          style: styles[methods.indexOf(method)]!,
          x: cost,
          y: flips,
          isOnFront,
        })),
        x,
        y: { ...shares, label: "prompts flipped" },
        description: `Prompts flipped by ${x.label}.`,
      }),
      data: [
        ["method", "setting", ...intervalNames("flips"), ...intervalNames("cost"), "on_front"],
        ...all.map(({ method, setting, flips, cost, isOnFront }) => [
          ...[method, setting, ...ends(flips), ...ends(cost)],
          String(isOnFront),
        ]),
      ],
    });
  const largest = (all: readonly FrontPoint[]) => Math.max(0, ...all.map(({ cost }) => cost.high || cost.value));
  return section(
    sheet,
    "pareto",
    "What effectiveness costs",
    `<p>One point for each method, set of sites and penalty: mean over seeds, with 95% intervals as lines. Filled points,
joined by a grey line, are on the Pareto front: no other flips at least as many at no more cost.</p>
${legend(styles, "filled: on the front")}
${draw("Flips and active parameters", fronts.parameters, {
  ...counts(largest(fronts.parameters), [1]),
  label: "active parameters (less is better)",
})}
${draw("Flips and kl-others", fronts.klOthers, {
  domain: [0, largest(fronts.klOthers) || 1],
  label: "kl-others in nats (less is better)",
  format: significant,
})}`,
  );
}

/** The pruning curves. */
export function pruningSection(sheet: Sheet, { curves, methods }: TaskData): string {
  if (curves.length === 0) return "";
  const styles = stylesOf(methods);
  const series = curves.map(({ method, points: all }) => ({
    ...styles[methods.indexOf(method)]!,
    points: all.map(({ k, effectiveness }) => ({ x: k, ...effectiveness })),
  }));
  const largest = Math.max(1, ...curves.flatMap(({ points: all }) => all.map(({ k }) => k)));
  const chart = figure(sheet, {
    kind: "curve",
    name: "Pruning curve",
    caption:
      "Share of prompts where the intended answer leads at β = ±1, with only the k largest locations kept. " +
      "The band is the 95% interval over seeds and groups of prompts.",
    svg: lines(sheet, {
      series,
      x: { ...counts(largest, largest > 1000 ? [1] : [1, 2, 5]), label: "locations kept" },
      y: { ...shares, format: (value) => `${Number((100 * value).toFixed(1))}%` },
      description: "Share of prompts flipped by locations kept.",
    }),
    data: [
      ["method", "k", ...intervalNames("effectiveness")],
      ...curves.flatMap(({ method, points: all }) =>
        all.map(({ k, effectiveness }) => [method, k, ...ends(effectiveness)]),
      ),
    ],
  });
  return section(sheet, "pruning", "How few places are enough", `${legend(series)}\n${chart}`);
}

/** An axis of counts up to a largest one: 0, then these digits at every power of ten. */
function counts(largest: number, digits: readonly number[]): Axis & { format: (value: number) => string } {
  const ticks = [0];
  for (let power = 1; power <= largest; power *= 10) ticks.push(...digits.map((digit) => digit * power));
  return {
    type: "symlog",
    domain: [0, Math.max(1, largest)],
    ticks: ticks.filter((tick) => tick <= Math.max(1, largest)),
    format: (value) => count(Math.round(value)),
  };
}
