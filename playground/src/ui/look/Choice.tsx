/** Radio buttons side by side. */
export function Choice<T extends string | number>(props: {
  label: string;
  /** Groups the radio buttons; unique on the page. */
  name: string;
  names: readonly (readonly [T, string])[];
  value: T;
  onChoose(value: T): void;
}) {
  const { label, name, names, value, onChoose } = props;
  return (
    <fieldset class="choice-line">
      <legend>{label}</legend>
      <span class="options">
        {names.map(([key, text]) => (
          <label key={key} class={value === key ? "chosen" : ""}>
            <input
              type="radio"
              class="visually-hidden"
              name={name}
              value={key}
              checked={value === key}
              onChange={() => onChoose(key)}
            />
            {text}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
