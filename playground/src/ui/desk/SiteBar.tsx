import type { Signal } from "@preact/signals";
import type { Site } from "fader";
import { siteWords } from "../../view/words";

/** Chooses the site whose faders are shown; each says how many of its faders are turned. */
export function SiteBar(props: { sites: readonly Site[]; value: Signal<Site>; turned: ReadonlyMap<Site, number> }) {
  const { sites, value, turned } = props;
  return (
    <fieldset class="sites">
      <legend class="visually-hidden">Site</legend>
      {sites.map((site) => (
        <label key={site} class={value.value === site ? "chosen" : ""}>
          <input
            type="radio"
            name="site"
            class="visually-hidden"
            value={site}
            checked={value.value === site}
            onChange={() => {
              value.value = site;
            }}
          />
          <code>{site}</code>
          {turned.has(site) && <b title={`${turned.get(site)} turned`}>{turned.get(site)}</b>}
        </label>
      ))}
      <span class="quiet words">{siteWords[value.value]}</span>
    </fieldset>
  );
}
