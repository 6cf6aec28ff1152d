import { head } from "../../state/looking";
import { movedBy } from "../../view/attention";
import { percent } from "../../view/words";
import { Shades } from "./HeadMaps";

type Patterns = readonly (readonly (readonly number[])[])[];

/** All heads of a layer as they are with the faders, and how far their reading has moved. */
export function Heads({ clean, steered, chosen }: { clean: Patterns; steered: Patterns; chosen: number }) {
  return (
    <fieldset class="heads">
      <legend class="visually-hidden">Head</legend>
      {steered.map((pattern, index) => (
        <label key={index} class={index === chosen ? "chosen" : ""}>
          <input
            type="radio"
            class="visually-hidden"
            name="attention-head"
            value={index}
            checked={index === chosen}
            onChange={() => {
              head.value = index;
            }}
          />
          <Thumbnail pattern={pattern} />
          <span>Head {index}</span>
          <Moved by={movedBy(clean[index]!, pattern)} />
        </label>
      ))}
    </fieldset>
  );
}

function Thumbnail({ pattern }: { pattern: readonly (readonly number[])[] }) {
  return (
    <svg viewBox={`0 0 ${pattern.length} ${pattern.length}`} aria-hidden="true" preserveAspectRatio="none">
      <Shades pattern={pattern} scale={1} />
    </svg>
  );
}

function Moved({ by }: { by: number }) {
  return (
    <small class="moved" title="The largest share of a token's reading that your faders move elsewhere">
      {by < 0.005 ? "unchanged" : `${percent(by)} moved`}
    </small>
  );
}
