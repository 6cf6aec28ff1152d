import { signed } from "../../desk/strip";
import type { DialCurve } from "../../protocol";
import { changeDesk, desk, endMovement } from "../../state/store";
import { describeDial } from "../../view/learned";
import { type Axis, percentAlong, valueAt } from "../../view/scales";
import { Chart, Legend } from "./Chart";

const betas: Axis = { min: -1.5, max: 1.5, ticks: [-1, 0, 1] };
const shares: Axis = { min: 0, max: 1, ticks: [0, 0.5, 1] };
const names = [
  { key: "correct", name: "First answer" },
  { key: "wrong", name: "Second answer" },
  { key: "others", name: "All others" },
] as const;

/** β of the desk, below what it does to held-out prompts on average. */
export function Dial({ dial, isOff }: { dial: DialCurve; isOff: boolean }) {
  const { beta } = desk.value;
  const left = `${percentAlong(betas, beta)}%`;
  const at = names.map(({ key, name }) => ({ name, class: key, value: valueAt(dial.betas, dial[key], beta) }));
  return (
    <div class="beta-dial">
      <Legend items={at.map((item) => ({ ...item, value: `${Math.round(100 * item.value)}%` }))} />
      <Chart
        text={describeDial(dial)}
        x={betas}
        y={shares}
        xLabel=""
        yLabel="probability, mean of held-out prompts"
        xWords={(value) => (value === 0 ? "0: as it is" : signed(value, 0))}
        yWords={(value) => `${100 * value}%`}
        lines={names.map(({ key, name }) => ({ name, class: key, xs: dial.betas, ys: dial[key] }))}
      >
        <i class="now" style={{ left }} />
        {at.map((item) => (
          <i
            key={item.name}
            class={`dot ${item.class}`}
            style={{ left, bottom: `${percentAlong(shares, item.value)}%` }}
          />
        ))}
      </Chart>
      <label class="slide">
        <span class="visually-hidden">β: multiplies what was learned</span>
        <input
          type="range"
          id="learned-beta"
          min={betas.min}
          max={betas.max}
          step={0.05}
          value={beta}
          disabled={isOff}
          aria-valuetext={`β ${signed(beta)}: ${at.map(({ name, value }) => `${name.toLowerCase()} ${Math.round(100 * value)}%`).join(", ")}`}
          onInput={(event) => changeDesk({ beta: event.currentTarget.valueAsNumber }, "beta")}
          onChange={endMovement}
        />
      </label>
    </div>
  );
}
