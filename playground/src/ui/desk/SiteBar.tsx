import type { Signal } from "@preact/signals";
import type { Site } from "fader";

/** What each site holds, in plain words. */
export const siteWords: Readonly<Partial<Record<Site, string>>> = {
  resid_pre: "the stream that enters each layer",
  attn_out: "what attention adds to the stream",
  resid_mid: "the stream between attention and MLP",
  mlp_out: "what the MLP adds to the stream",
  resid_post: "the stream that leaves each layer",
};

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
