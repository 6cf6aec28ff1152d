import type { PlaceStrength } from "fader";
import { DOMParser } from "linkedom";
import { describe, expect, it } from "vitest";
import type { FaderValue, LensResult } from "../../../playground/src/protocol";
import { drawHead } from "../../../playground/src/ui/look/drawing/attention";
import { drawDesk } from "../../../playground/src/ui/look/drawing/desk";
import { escaped, page } from "../../../playground/src/ui/look/drawing/svg";
import { drawTable } from "../../../playground/src/ui/look/drawing/table";
import { mostRead, movedBy, shadesOf } from "../../../playground/src/view/attention";
import { heatOf, inkOf } from "../../../playground/src/view/heat";
import { hasAnswers, lensScale, lensTable } from "../../../playground/src/view/lens-table";
import { mapScales, mapTable } from "../../../playground/src/view/map-table";
import { percent, points, short, shown } from "../../../playground/src/view/words";

const nasty = [' <&"', "'>", "]]>", "\u0000\u001b", "\n", " 東京", "\ud800"];
const heading = { title: 'A <title> & "more"', lines: ["one & two", `“${nasty.join("")}”`] };

/** Throws unless it is well-formed: every tag closed in order, every attribute quoted, every & an entity. */
function checkXml(xml: string): void {
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  expect(body).not.toBe(xml);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids.
  expect(body).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  // Halves of pairs, which no encoding can write.
  expect(body).not.toMatch(/\p{Cs}/u);
  const open: string[] = [];
  const token = /<([\w-]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|<\/([\w-]+)>|[^<>]+/gy;
  let end = 0;
  for (let match = token.exec(body); match; match = token.exec(body)) {
    end = token.lastIndex;
    const [whole, name, attributes = "", selfClosing, closed] = match;
    const words = name === undefined ? whole : attributes;
    if (closed === undefined) expect(words.replace(/&(amp|lt|gt|quot|apos);/g, "")).not.toContain("&");
    if (name !== undefined && selfClosing === "") open.push(name);
    if (closed !== undefined) expect(open.pop()).toBe(closed);
    if (name !== undefined) {
      const names = [...attributes.matchAll(/ ([\w:-]+)=/g)].map(([, key]) => key);
      expect(new Set(names).size).toBe(names.length);
    }
  }
  expect(end).toBe(body.length);
  expect(open).toEqual([]);
  expect(body).not.toMatch(/="[^"]*(NaN|undefined|Infinity)/);
  expect(body).toContain('xmlns="http://www.w3.org/2000/svg"');
}

function textsOf(xml: string): string[] {
  const document = new DOMParser().parseFromString(xml, "image/svg+xml");
  return [...document.querySelectorAll("text")].map((element) => element.textContent ?? "");
}

const at = (site: string, layer: number, position: number, alpha: number) =>
  ({ site, layer, position, alpha, value: alpha }) as FaderValue & PlaceStrength;

const lensOf = (): LensResult => {
  const cell = (text: string, probability: number, correct: number, wrong: number) => ({
    text,
    probability,
    correct,
    wrong,
  });
  return {
    tokens: [" <&", "A"],
    places: ["blocks.0.resid_pre", "blocks.0.resid_post"],
    clean: [
      [cell("x", 0.5, 0, 0), cell(" London", 0.8, 0.1, 0.8)],
      [cell("y", 0.4, 0, 0), cell(" London", 0.9, 0.05, 0.9)],
    ],
    steered: [
      [cell("x", 0.5, 0, 0), cell(" London", 0.6, 0.3, 0.6)],
      [cell("y", 0.4, 0, 0), cell(" Rome", 0.7, 0.7, 0.2)],
    ],
  };
};
const answers = { correct: "Rome", wrong: "London" };

describe("pictures", () => {
  it("the desk: caps at their heights, numbers where faders are turned, tokens as they are", () => {
    const svg = drawDesk(heading, {
      site: "attn_out",
      layers: 2,
      tokens: nasty,
      strips: { "attn_out/1/0": { alpha: -0.5 }, "attn_out/0/2": { alpha: 3 }, "mlp_out/0/1": { alpha: 2 } },
    });
    checkXml(svg);
    const texts = textsOf(svg);
    expect(texts).toEqual(expect.arrayContaining(['<&"', "'>", "]]>", "東京", "⏎", "−0.50", "+3.00", heading.title]));
    // That of another site is not on this desk.
    expect(texts).not.toContain("+2.00");
    const document = new DOMParser().parseFromString(svg, "image/svg+xml");
    const faders = [...document.querySelectorAll("g")].filter((group) => group.children[0]?.tagName === "title");
    expect(faders).toHaveLength(2 * nasty.length);
    const cap = (index: number) => Number([...faders[index]!.querySelectorAll("rect")].at(-1)!.getAttribute("y"));
    expect(cap(2)).toBeCloseTo(cap(0) - 30);
    expect(cap(nasty.length)).toBeCloseTo(cap(nasty.length + 1) + 5);
  });

  it("a fader that others silence by being solo is pale", () => {
    const strips = { "attn_out/0/0": { alpha: 1 }, "attn_out/0/1": { alpha: 1, solo: true } };
    const svg = drawDesk(heading, { site: "attn_out", layers: 1, tokens: ["a", "b"], strips });
    expect(svg.match(/opacity="0.4"/g)).toHaveLength(1);
  });

  it("the map, with its scales and a cell for every place", () => {
    const content = {
      sites: [{ site: "attn_out" as const, words: "a < b" }],
      layers: 2,
      tokens: nasty,
      faders: [at("attn_out", 1, 0, -2), at("attn_out", 0, 99, 1)],
      carried: { method: "DynScalar", places: [at("mlp_out", 0, 1, 4)] },
    };
    const svg = drawTable({ ...heading, scales: mapScales(content) }, mapTable(content));
    checkXml(svg);
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(["attn_out", "a < b", "mlp_out", "turned down −2.00", "DynScalar 0"]),
    );
    expect(svg).toContain(`fill="${inkOf({ tone: "down", share: 1 })}"`);
    expect(svg.match(/<title>/g)).toHaveLength(2 * 2 * nasty.length);
  });

  it("the lens, each cell with its token", () => {
    const svg = drawTable(
      { ...heading, scales: [lensScale(lensOf(), "steered", "answers", answers)] },
      lensTable(lensOf(), "steered", "answers", answers),
    );
    checkXml(svg);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(["<&", "Rome", "London", "before 0", "output"]));
  });

  it("a head, before and after", () => {
    const tokens = nasty.slice(0, 2);
    const sides = [
      {
        name: "as it is",
        pattern: [
          [1, 0],
          [0.25, 0.75],
        ],
      },
      {
        name: "<after>",
        pattern: [
          [1, 0],
          [0.9, 0.1],
        ],
      },
    ];
    const svg = drawHead(heading, { tokens, sides, query: 1 });
    checkXml(svg);
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(["<after>", "“'>” reads “'>” 75%, “<&\"” 25%", "“'>” reads “<&\"” 90%, “'>” 10%"]),
    );
  });

  it("long prompts are wrapped within the page", () => {
    const svg = page({ title: "t", lines: ["word ".repeat(100).trim()] }, { width: 300, height: 10, markup: "" });
    const lines = textsOf(svg).slice(1);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.join(" ")).toBe("word ".repeat(100).trim());
  });

  it("escapes all that means something, and replaces what no document may hold", () => {
    expect(escaped(`<a b="c" d='e'>&`)).toBe("&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;");
    expect(escaped("a\u0000b\ud800c\ufffed")).toBe("a\ufffdb\ufffdc\ufffdd");
    expect(escaped("😀\t\n")).toBe("😀\t\n");
  });
});

describe("what the views show", () => {
  it("colours grow with the value, up to the most, and differ by sign", () => {
    expect(heatOf(0, 1, "up", "down")).toBeUndefined();
    expect(heatOf(Number.NaN, 1, "up", "down")).toBeUndefined();
    expect(heatOf(5, 2, "up", "down")).toEqual({ tone: "up", share: 1 });
    expect(heatOf(-2, 2, "up", "down")).toEqual({ tone: "down", share: 1 });
    const shares = [0.01, 0.1, 0.5, 1].map((value) => heatOf(value, 1, "up")!.share);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(inkOf({ tone: "accent", share: 1 })).toBe("#1f1d1a");
    expect(inkOf({ tone: "accent", share: 1 }, 0)).toBe(inkOf(undefined));
  });

  it("the map says what is at each place, also of both kinds at once", () => {
    const { rows } = mapTable({
      sites: [{ site: "attn_out", words: "" }],
      layers: 1,
      tokens: ["a", " b"],
      faders: [at("attn_out", 0, 1, -0.5)],
      carried: { method: "Vector", places: [at("attn_out", 0, 1, 3), at("resid_pre", 0, 0, 1.5)] },
    });
    expect(rows.map(({ key }) => key)).toEqual(["attn_out/0", "resid_pre/0"]);
    expect(rows[0]!.cells[0]).toMatchObject({ heat: undefined, label: "attn_out, layer 0, token 0 “a”: as it is" });
    expect(rows[0]!.cells[1]).toMatchObject({ isMarked: true, heat: { tone: "down" } });
    expect(rows[0]!.cells[1]!.label).toBe("attn_out, layer 0, token 1 “b”: α −0.50, Vector 3.00");
    expect(rows[1]!.cells[0]!.heat).toMatchObject({ tone: "accent" });
  });

  it("the lens by answers: which one leads, and what the faders change", () => {
    const lens = lensOf();
    expect(hasAnswers(lens)).toBe(true);
    const [, output] = lensTable(lens, "steered", "answers", answers).rows;
    expect(output).toMatchObject({ name: "output", cells: [{}, { text: "Rome", heat: { tone: "correct" } }] });
    expect(output!.cells[1]!.label).toBe("output, at token 1 “A”: “Rome” 70% · Rome 70%, London 20%");
    const [before, after] = lensTable(lens, "difference", "answers", answers).rows;
    expect(before!.cells[0]).toMatchObject({ isQuiet: true, heat: undefined });
    expect(after!.cells[1]).toMatchObject({ isMarked: true, text: "Rome", heat: { tone: "correct" } });
    expect(after!.cells[1]!.label).toBe(
      "output, at token 1 “A”: “London” 90% → “Rome” 70% · Rome 70% (+65), London 20% (−70)",
    );
  });

  it("the lens without answers: how sure it is", () => {
    const { clean, steered, ...rest } = lensOf();
    const without = (rows: LensResult["clean"]) =>
      rows.map((row) => row.map(({ text, probability }) => ({ text, probability })));
    const lens = { ...rest, clean: without(clean), steered: without(steered) };
    expect(hasAnswers(lens)).toBe(false);
    const tone = (side: "clean" | "difference", row: number) =>
      lensTable(lens, side, "answers").rows[row]!.cells[1]!.heat?.tone;
    expect(tone("clean", 0)).toBe("accent");
    expect(tone("difference", 0)).toBe("down");
    expect(tone("difference", 1)).toBe("accent");
  });

  it("attention: each cell in the path of its strength, and what is read most", () => {
    const shades = shadesOf([
      [1, 0],
      [0.5, 0.5],
    ]);
    expect(shades.map(({ path }) => path)).toEqual(["M0 1h1v1h-1zM1 1h1v1h-1z", "M0 0h1v1h-1z"]);
    expect(shades.at(-1)!.opacity).toBe(1);
    expect(mostRead([0.2, 0.795, 0.005], ["a", "b", "c"])).toBe("“b” 80%, “a” 20%");
    expect(
      movedBy(
        [
          [1, 0],
          [0.5, 0.5],
        ],
        [
          [1, 0],
          [0.2, 0.8],
        ],
      ),
    ).toBeCloseTo(0.3);
  });

  it("tokens and numbers in little room", () => {
    expect([" Rome", "\n", " ", "", "\u200b", "a\nb"].map(shown)).toEqual(["Rome", "⏎", "␣", "∅", "�", "a⏎b"]);
    expect(short("Constantinople", 6)).toBe("Const…");
    expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(["0%", "<1%", "50%", ">99%", "100%"]);
    expect([0.12, -0.034, 0.001].map(points)).toEqual(["+12", "−3", "0"]);
  });
});
