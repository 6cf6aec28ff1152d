import { atRest, placeOf, type Strip, signed, soundingAlpha } from "../../desk/strip";
import { changeStrips, learning, selection, shownStrips, tokens } from "../../state/store";
import { AlphaField } from "./AlphaField";

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
      <span class="number">
        <label for="alpha">α</label>
        <AlphaField alpha={strip.alpha} isOff={isOff} />
      </span>
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
  const { site, layer, position } = placeOf(keys[0]!);
  const token = tokens.value[position];
  return `${site} · layer ${layer} · ${token ? JSON.stringify(token.text.trim() || token.text) : `token ${position}`}`;
}
