import { useRef } from "preact/hooks";
import { mostRead } from "../../view/attention";
import { heatOf } from "../../view/heat";
import { percent, quoted, shown } from "../../view/words";

interface Props {
  name: string;
  /** Attention of the query to each token, 0 … 1. */
  weights: readonly number[];
  tokens: readonly string[];
  query: number;
  onQuery(query: number): void;
}

/** The prompt as text, with what the chosen token reads behind it. Pointing at another token chooses that. */
export function Reading({ name, weights, tokens, query, onQuery }: Props) {
  const line = useRef<HTMLFieldSetElement>(null);
  const walk = (event: KeyboardEvent) => {
    const to = { ArrowLeft: query - 1, ArrowRight: query + 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (to === undefined || to < 0 || to >= tokens.length) return;
    event.preventDefault();
    onQuery(to);
    line.current!.querySelectorAll<HTMLElement>("button")[to]?.focus();
  };
  return (
    <div class="reading">
      <p data-caption>
        <span class="quiet">{name}:</span> {quoted(tokens[query]!)} reads {mostRead(weights, tokens)}
      </p>
      <fieldset ref={line} class="tokens-read" aria-label={`Tokens, ${name}: choose which one reads`} onKeyDown={walk}>
        {tokens.map((token, at) => {
          const share = heatOf(weights[at]!, 1, "accent")?.share ?? 0;
          return (
            <button
              key={at}
              type="button"
              class={at > query ? "later" : ""}
              aria-pressed={at === query}
              aria-label={`Token ${at} ${quoted(token)}, read ${percent(weights[at]!)}`}
              tabIndex={at === query ? 0 : -1}
              style={{ "--share": Math.round(1000 * share) / 1000 }}
              onPointerEnter={() => onQuery(at)}
              onFocus={() => onQuery(at)}
              onClick={() => onQuery(at)}
            >
              {shown(token)}
            </button>
          );
        })}
      </fieldset>
    </div>
  );
}
