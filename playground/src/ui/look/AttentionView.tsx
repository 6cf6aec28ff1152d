import { useEffect } from "preact/hooks";
import { attention, attentionLayer, chooseLayer, head, keepFresh, query, readAttention } from "../../state/looking";
import { desk, model } from "../../state/store";
import { Choice } from "./Choice";
import { HeadMaps } from "./HeadMaps";
import { Heads } from "./Heads";
import { Reading } from "./Reading";

const sides = [
  ["clean", "as it is"],
  ["steered", "with your faders"],
] as const;

/** Which tokens each head reads: all heads of a layer small, the chosen one large, and one query as text. */
export function AttentionView() {
  useEffect(() => keepFresh(readAttention), []);
  const seen = attention.value;
  if (seen === undefined || seen.tokens.length === 0) {
    return (
      <p class="loading">
        {desk.value.prompt === "" ? "Type a prompt, and see which words attention reads." : "Looking…"}
      </p>
    );
  }
  const { tokens } = seen;
  const layers = Array.from({ length: model.value?.n_layers ?? 0 }, (_, at) => [at, `${at}`] as const);
  const own = Math.min(head.value, seen.clean.length - 1);
  const at = Math.min(query.value ?? tokens.length - 1, tokens.length - 1);
  const choose = (next: number) => {
    query.value = next;
  };
  return (
    <div class="look">
      <p class="words">
        Each row is a token, and its strongest cells are what it reads. Choose a head, then point at a token.
      </p>
      <div class="look-bar">
        <Choice
          label="Layer"
          name="attention-layer"
          names={layers}
          value={attentionLayer.value}
          onChoose={chooseLayer}
        />
      </div>
      <Heads clean={seen.clean} steered={seen.steered} chosen={own} />
      <HeadMaps
        label={`Attention of layer ${seen.layer}, head ${own}`}
        sides={sides.map(([side, name]) => ({ name: `Head ${own}, ${name}`, pattern: seen[side][own]! }))}
        tokens={tokens}
        query={at}
        onQuery={choose}
      />
      {sides.map(([side, name]) => (
        <Reading key={side} name={name} weights={seen[side][own]![at]!} tokens={tokens} query={at} onQuery={choose} />
      ))}
    </div>
  );
}
