import type { LearnProgress } from "../../protocol";
import { losses } from "../../state/learning";
import { describeLosses, numbersWords, spokenProgress } from "../../view/learned";
import { axisTo, decadeOf, decadesTo, thinned } from "../../view/scales";
import { Chart, Legend, type Line } from "./Chart";

const terms = [
  { key: "effectiveness", name: "Effective", title: "How far the answers are from flipping" },
  { key: "faithfulness", name: "Faithful", title: "How much other tokens are disturbed, times λ_F" },
  { key: "minimality", name: "Minimal", title: "How much is turned, times λ_M" },
] as const;

/** Points of a curve: more than there are pixels would only cost time. */
const mostPoints = 300;

/** Progress of learning: steps, losses, numbers that are not 0. */
export function Progress() {
  const all = losses.value;
  const last = all.at(-1);
  return (
    <section class="course" aria-label="Learning">
      <div class="bar">
        <progress aria-label="Steps" max={last?.steps ?? 1} value={last?.step ?? 0} />
        <span class="count">{last === undefined ? "reading prompts" : `${last.step} / ${last.steps}`}</span>
      </div>
      <p class="visually-hidden" role="status">
        {spokenProgress(all)}
      </p>
      {last !== undefined && (
        <>
          <Losses all={all} steps={last.steps} />
          <p class="quiet about">{numbersWords(last.activeParameters)}</p>
        </>
      )}
    </section>
  );
}

/** The terms of the loss, as they enter the sum, against the steps. One can be a hundred times another: hence decades. */
export function Losses({ all, steps }: { all: readonly LearnProgress[]; steps: number }) {
  const points = thinned(all, mostPoints);
  const last = all.at(-1)!;
  const xs = points.map(({ step }) => step);
  const lines: Line[] = terms.map(({ key, name }) => ({
    name,
    class: key,
    xs,
    ys: points.map((point) => decadeOf(point[key])),
  }));
  const most = Math.max(...points.flatMap((point) => terms.map(({ key }) => point[key])));
  const { ticks } = axisTo(steps, 4);
  return (
    <>
      <Legend items={terms.map(({ key, name, title }) => ({ name, title, class: key, value: last[key].toFixed(2) }))} />
      <Chart
        text={describeLosses(all)}
        x={{ min: 0, max: steps, ticks: ticks.filter((tick) => tick <= steps) }}
        y={decadesTo(most)}
        xLabel="step"
        yLabel="loss by its terms, tenfold from line to line"
        yWords={(decade) => String(Number((10 ** decade).toPrecision(1)))}
        lines={lines}
      />
    </>
  );
}
