import { useEffect } from "preact/hooks";
import { isTouched } from "../../desk/desk";
import { keepFresh, lens, lensColor, lensSide, readLens } from "../../state/looking";
import { desk } from "../../state/store";
import { hasAnswers, type LensColor, type LensSide, lensScale, lensTable, sideWords } from "../../view/lens-table";
import { Choice } from "./Choice";
import { Grid } from "./Grid";
import { Legend } from "./Legend";

const sides = Object.entries(sideWords) as [LensSide, string][];
const colors: readonly (readonly [LensColor, string])[] = [
  ["answers", "which answer leads"],
  ["token", "how sure it is"],
];

/** The logit lens: the likeliest next token if the model ended after each layer. */
export function LensView() {
  useEffect(() => keepFresh(readLens), []);
  const seen = lens.value;
  if (seen === undefined || seen.tokens.length === 0) {
    return (
      <p class="loading">
        {desk.value.prompt === "" ? "Type a prompt, and see what each layer makes of it." : "Looking…"}
      </p>
    );
  }
  const { answers } = desk.value;
  const isContest = hasAnswers(seen);
  const side = lensSide.value;
  return (
    <div class="look">
      <p class="words">If the model ended here, what would it say next?</p>
      <div class="look-bar">
        <Choice
          label="Show"
          name="lens-side"
          names={sides}
          value={side}
          onChoose={(next) => {
            lensSide.value = next;
          }}
        />
        {isContest && (
          <Choice
            label="Colour"
            name="lens-color"
            names={colors}
            value={lensColor.value}
            onChoose={(next) => {
              lensColor.value = next;
            }}
          />
        )}
      </div>
      <Grid
        table={lensTable(seen, side, lensColor.value, answers)}
        hint={
          side === "difference" && !isTouched(desk.value)
            ? "No fader is turned: there is no difference."
            : "Each cell is the likeliest next token. Point at one to read more."
        }
      />
      <p class="legends">
        <Legend {...lensScale(seen, side, lensColor.value, answers)} />
        {side === "difference" && <span class="quiet">bold: another token than before</span>}
      </p>
    </div>
  );
}
