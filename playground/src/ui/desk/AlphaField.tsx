import { signal } from "@preact/signals";
import { mostAlpha, tidyAlpha } from "../../desk/strip";
import { changeStrips, endMovement, selection } from "../../state/store";

/** The text that is being typed, which may not be a number yet: "−", "0." */
const draft = signal<string | undefined>(undefined);

/** The number of the selected faders, to be typed. */
export function AlphaField({ alpha, isOff }: { alpha: number; isOff: boolean }) {
  // Learned numbers, and those of files, have more digits than there is room for.
  const text = draft.value ?? String(tidyAlpha(alpha));
  const isNumber = numberOf(text) !== undefined;
  return (
    <input
      id="alpha"
      type="text"
      inputMode="decimal"
      autocomplete="off"
      disabled={isOff}
      value={text}
      aria-invalid={draft.value !== undefined && !isNumber}
      title={`The activation is multiplied by 1 + α. From −${mostAlpha} to ${mostAlpha}`}
      onInput={(event) => type(event.currentTarget.value)}
      onBlur={() => {
        draft.value = undefined;
        endMovement();
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowUp" || event.key === "ArrowDown") {
          event.preventDefault();
          type(String(tidyAlpha((numberOf(text) ?? alpha) + (event.key === "ArrowUp" ? 0.05 : -0.05))));
        }
        if (event.key === "Enter" || event.key === "Escape") {
          const [first] = selection.value;
          document.querySelector<HTMLElement>(`[data-fader="${first}"]`)?.focus();
        }
      }}
    />
  );
}

/** Begins a number with its first character, as it was typed on a fader. */
export function beginNumber(character: string): void {
  type(character);
  document.querySelector<HTMLInputElement>("#alpha")?.focus();
}

function type(text: string): void {
  draft.value = text;
  const value = numberOf(text);
  if (value !== undefined) changeStrips((strip) => ({ ...strip, alpha: tidyAlpha(value) }), "number");
}

/** Also with a typographic minus and a comma. */
function numberOf(text: string): number | undefined {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  const value = Number(plain);
  return plain !== "" && Number.isFinite(value) && Math.abs(value) <= mostAlpha ? value : undefined;
}
