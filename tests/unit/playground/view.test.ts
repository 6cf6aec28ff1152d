import type { PlaceStrength } from "fader";
import { describe, expect, it } from "vitest";
import type { FaderValue, LensResult } from "../../../playground/src/protocol";
import { mostRead, movedBy, shadesOf } from "../../../playground/src/view/attention";
import { heatOf } from "../../../playground/src/view/heat";
import { hasAnswers, lensScale, lensTable } from "../../../playground/src/view/lens-table";
import { mapScales, mapTable } from "../../../playground/src/view/map-table";
import { layOut, widthOf } from "../../../playground/src/view/table";
import { percent, points, short, shown } from "../../../playground/src/view/words";

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

describe("what the views show", () => {
  it("colours grow with the value, up to the most, and differ by sign", () => {
    expect(heatOf(0, 1, "up", "down")).toBeUndefined();
    expect(heatOf(Number.NaN, 1, "up", "down")).toBeUndefined();
    expect(heatOf(5, 2, "up", "down")).toEqual({ tone: "up", share: 1 });
    expect(heatOf(-2, 2, "up", "down")).toEqual({ tone: "down", share: 1 });
    const shares = [0.01, 0.1, 0.5, 1].map((value) => heatOf(value, 1, "up")!.share);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
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

  it("the scales say what the colours mean, as deep as the most that is turned", () => {
    const content = {
      sites: [{ site: "attn_out" as const, words: "a < b" }],
      layers: 2,
      tokens: ["a", "b"],
      faders: [at("attn_out", 1, 0, -2), at("attn_out", 0, 99, 1)],
      carried: { method: "DynScalar", places: [{ site: "mlp_out" as const, layer: 0, position: 1, value: 4 }] },
    };
    expect(mapScales(content).map(({ from, to }) => [from, to])).toEqual([
      ["turned down −2.00", "+2.00 turned up"],
      ["DynScalar 0", "4.00"],
    ]);
    expect(mapTable(content).rows).toHaveLength(2 * 2);
    expect(lensScale(lensOf(), "steered", "answers", answers)).toMatchObject({ from: "London", to: "Rome" });
  });

  it("a table takes the room there is, and no less than its texts need", () => {
    const table = lensTable(lensOf(), "steered", "answers", answers);
    const [narrow, wide] = [layOut(table, 0, false), layOut(table, 1000, false)];
    for (const { left, width, columns } of [narrow, wide]) {
      expect(columns[0]!.x).toBe(left);
      expect(columns[1]!.x).toBeCloseTo(left + columns[0]!.width);
      expect(columns[1]!.x + columns[1]!.width - width).toBeLessThan(1);
      for (const [at, column] of columns.entries()) {
        for (const { cells } of table.rows) expect(column.width).toBeGreaterThan(widthOf(cells[at]!.text!));
      }
    }
    expect(wide.width).toBe(1000);
    expect(narrow.width).toBeLessThan(300);
    expect(wide.rows[1]! - wide.rows[0]!).toBe(wide.rowHeight);
    expect(layOut(table, 0, true).rowHeight).toBeGreaterThan(wide.rowHeight);
  });
});
