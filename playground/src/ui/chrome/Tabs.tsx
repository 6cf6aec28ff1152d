import type { Signal } from "@preact/signals";

/** Tabs as the ARIA pattern has them: arrows move between them, Tab leaves them. */
export function Tabs<T extends string>(props: {
  label: string;
  names: Readonly<Record<T, string>>;
  value: Signal<T>;
  panel: string;
}) {
  const { label, names, value, panel } = props;
  const keys = Object.keys(names) as T[];
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = keys[(keys.indexOf(value.value) + by + keys.length) % keys.length]!;
    value.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {keys.map((key) => (
        <button
          key={key}
          type="button"
          role="tab"
          id={`tab-${key}`}
          aria-selected={value.value === key}
          aria-controls={panel}
          tabIndex={value.value === key ? 0 : -1}
          onClick={() => {
            value.value = key;
          }}
        >
          {names[key]}
        </button>
      ))}
    </div>
  );
}
