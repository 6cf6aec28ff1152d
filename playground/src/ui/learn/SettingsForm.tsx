import type { Kind } from "fader";
import { withPrompt } from "../../desk/own-list";
import { minimalityOf, mostMinimalityStep, mostSteps, sitesIn } from "../../desk/request";
import { areSettingsOpen, change, formErrors, settings, tasks } from "../../state/learning";
import { desk, model } from "../../state/store";
import { methodWords } from "../../view/learned";
import { siteWords } from "../../view/words";
import { OwnList } from "./OwnList";

const methods: Readonly<Record<Kind, string>> = {
  scalars: "One strength for each place: the faders of the desk.",
  vectors: "A direction added at each place. Strong, but hundreds of times as many numbers.",
  dynamic: "Strengths that depend on the activation itself: for prompts of any length.",
};

/** The form: task, method, sites, weights of the loss, steps and seed. */
export function SettingsForm({ isOff }: { isOff: boolean }) {
  const { task, method, faithfulness, minimalityStep, steps, seed } = settings.value;
  const words = (key: "title" | "question") =>
    Object.fromEntries(tasks.value.map((one) => [one.name, one[key]])) as Record<typeof task, string>;
  const times = `× ${minimalityOf(minimalityStep)}`;
  const problems = formErrors.value.filter(({ line }) => line === undefined);
  return (
    <fieldset class="fields" disabled={isOff}>
      <Choice
        title="Task"
        name="task"
        words={words("title")}
        value={task}
        about={words("question")}
        onChange={(next) => {
          const { prompt, answers } = desk.value;
          const isFirst = next === "own" && settings.value.own === "" && prompt !== "" && answers !== undefined;
          change({ task: next, ...(isFirst && { own: withPrompt("", { text: prompt, ...answers }) }) });
        }}
      />
      {task === "own" && <OwnList />}
      <Choice
        title="Method"
        name="method"
        words={methodWords}
        value={method}
        about={methods}
        onChange={(next) => change({ method: next })}
      />
      <Sites />
      <label class="setting">
        <span>
          Leave other tokens alone{" "}
          <i>
            λ<sub>F</sub>
          </i>{" "}
          <output>{faithfulness.toFixed(2)}</output>
        </span>
        <input
          type="range"
          id="faithfulness"
          min={0}
          max={2}
          step={0.05}
          value={faithfulness}
          onInput={(event) => change({ faithfulness: event.currentTarget.valueAsNumber })}
        />
      </label>
      <label class="setting">
        <span>
          Use few numbers{" "}
          <i>
            λ<sub>M</sub>
          </i>{" "}
          <output>{times}</output>
        </span>
        <input
          type="range"
          id="minimality"
          min={-mostMinimalityStep}
          max={mostMinimalityStep}
          step={1}
          value={minimalityStep}
          aria-valuetext={`${times} the usual`}
          onInput={(event) => change({ minimalityStep: event.currentTarget.valueAsNumber })}
        />
      </label>
      <details class="more">
        <summary>More</summary>
        <div class="pair">
          <Whole
            id="steps"
            label="Most steps"
            value={steps}
            min={1}
            max={mostSteps}
            onChange={(next) => change({ steps: next })}
          />
          <Whole id="seed" label="Seed" value={seed} min={0} onChange={(next) => change({ seed: next })} />
        </div>
      </details>
      <div role="alert">
        {areSettingsOpen.value &&
          problems.map(({ problem }) => (
            <p key={problem} class="wrong-line">
              {problem}
            </p>
          ))}
      </div>
    </fieldset>
  );
}

/** A few ways to go, one of them chosen, with a sentence about it. */
function Choice<T extends string>(props: {
  title: string;
  name: string;
  words: Readonly<Record<T, string>>;
  about: Readonly<Record<T, string>>;
  value: T;
  onChange(value: T): void;
}) {
  const { title, name, words, about, value, onChange } = props;
  return (
    <fieldset class="choices">
      <legend class="title">{title}</legend>
      <div class="segments">
        {(Object.keys(words) as T[]).map((key) => (
          <label key={key} class={key === value ? "chosen" : ""}>
            <input
              type="radio"
              class="visually-hidden"
              name={`learn-${name}`}
              value={key}
              checked={key === value}
              aria-describedby={`about-${name}`}
              onChange={() => onChange(key)}
            />
            {words[key]}
          </label>
        ))}
      </div>
      <p class="quiet about" id={`about-${name}`}>
        {about[value]}
      </p>
    </fieldset>
  );
}

function Sites() {
  const sites = model.value?.sites ?? [];
  const chosen = sitesIn(settings.value, sites);
  return (
    <fieldset class="choices">
      <legend class="title">Sites</legend>
      <div class="boxes">
        {sites.map((site) => (
          <label key={site} title={siteWords[site]}>
            <input
              type="checkbox"
              name="learn-site"
              value={site}
              checked={chosen.includes(site)}
              onChange={(event) => {
                const isOn = event.currentTarget.checked;
                change({ sites: sites.filter((one) => (one === site ? isOn : chosen.includes(one))) });
              }}
            />
            <code>{site}</code>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Whole(props: {
  id: string;
  label: string;
  value: number;
  min: number;
  max?: number;
  onChange(value: number): void;
}) {
  const { id, label, value, min, max, onChange } = props;
  return (
    <label class="whole" for={id}>
      <span class="quiet">{label}</span>
      <input
        type="number"
        id={id}
        min={min}
        max={max}
        step={1}
        value={Number.isFinite(value) ? value : ""}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
