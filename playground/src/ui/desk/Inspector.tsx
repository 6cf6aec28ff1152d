import { atRest, mostAlpha, type Strip, signed, soundingAlpha, spotOf, tidyAlpha } from "../../desk/strip";
import { changeStrips, endMovement, learning, selection, shownStrips, tokens } from "../../state/store";

/** The faders that are selected: their number to type, and what can be done to them. */
export function Inspector() {
  const keys = [...selection.value];
  const [first] = keys;
  const strip = (first !== undefined && shownStrips.value[first]) || atRest;
  const isOff = first === undefined || learning.value !== undefined;
  const all = (test: (strip: Strip) => boolean | undefined) =>
    keys.length > 0 && keys.every((key) => test(shownStrips.value[key] ?? atRest));
  const button = (name: "muted" | "solo" | "reversed", label: string, key: string, title: string) => {
    const isOn = all((one) => one[name]);
    return (
      <button
        type="button"
        class="toggle"
        disabled={isOff}
        aria-pressed={isOn}
        title={`${title} (key ${key})`}
        onClick={() => changeStrips((one) => ({ ...one, [name]: !isOn }))}
      >
        {label}
      </button>
    );
  };
  return (
    <div class="inspector" aria-label="Selected faders" role="group">
      <p class="what">{nameOf(keys)}</p>
      <label class="number">
        <span title="The activation is multiplied by 1 + α">α</span>
        <input
          id="alpha"
          type="number"
          step="0.05"
          min={-mostAlpha}
          max={mostAlpha}
          disabled={isOff}
          value={strip.alpha}
          onInput={(event) => {
            const value = event.currentTarget.valueAsNumber;
            if (Number.isFinite(value)) changeStrips((one) => ({ ...one, alpha: tidyAlpha(value) }), "number");
          }}
          onBlur={endMovement}
          onKeyDown={(event) => {
            if (event.key !== "Enter" && event.key !== "Escape") return;
            document.querySelector<HTMLElement>(`[data-fader="${first}"]`)?.focus();
          }}
        />
      </label>
      <span class="strength" title="Strength: the activation times this">
        ×{(1 + soundingAlpha(strip)).toFixed(2).replace("-", "−")}
        <span class="visually-hidden"> is the strength, alpha {signed(soundingAlpha(strip))}</span>
      </span>
      {button("muted", "Mute", "M", "Silence: as if nothing were there")}
      {button("solo", "Solo", "S", "Only the faders that are solo count; all others rest")}
      {button("reversed", "Reverse", "R", "Reverse polarity: the activation with its sign turned round")}
      <button
        type="button"
        disabled={isOff}
        title="To rest (key Delete, or two clicks)"
        onClick={() => changeStrips(() => atRest)}
      >
        Reset
      </button>
    </div>
  );
}

function nameOf(keys: readonly string[]): string {
  if (keys.length === 0) return "Choose a fader";
  if (keys.length > 1) return `${keys.length} faders`;
  const { site, layer, position } = spotOf(keys[0]!);
  const token = tokens.value[position];
  return `${site} · layer ${layer} · ${token ? JSON.stringify(token.text.trim() || token.text) : `token ${position}`}`;
}
