import { sounding } from "../../desk/strip";
import { desk, edit, learning, model, tokens } from "../../state/store";
import { siteWords } from "../desk/SiteBar";
import type { MapContent } from "./map-table";

/** What the map shows now; undefined while no model is open. */
export function mapContent(): MapContent | undefined {
  const opened = model.value;
  if (opened === undefined) return undefined;
  return {
    sites: opened.sites.map((name) => ({ site: name, words: siteWords[name] ?? "" })),
    layers: opened.n_layers,
    tokens: tokens.value.map(({ text }) => text),
    faders: learning.value ? sounding(learning.value) : edit.value.faders,
    carried: desk.value.carried,
  };
}
