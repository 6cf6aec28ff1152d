import type { Signal } from "@preact/signals";

/** One of a few, side by side. */
export function Choice<T extends string | number>(props: {
  label: string;
  /** Groups the radio buttons; unique on the page. */
  name: string;
  names: readonly (readonly [T, string])[];
  value: Signal<T>;
}) {
  const { label, name, names, value } = props;
  return (
    <fieldset class="choice-line">
      <legend>{label}</legend>
      <span class="options">
        {names.map(([key, text]) => (
          <label key={key} class={value.value === key ? "chosen" : ""}>
            <input
              type="radio"
              class="visually-hidden"
              name={name}
              value={key}
              checked={value.value === key}
              onChange={() => {
                value.value = key;
              }}
            />
            {text}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
