import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/report";
import { sweepReport } from "../helpers/report";
import { chromium, look, screenshot } from "./chromium";

if (chromium === undefined) console.warn("No Chromium here: the report is not looked at.");

describe.skipIf(chromium === undefined)("the report of a sweep in a browser", () => {
  let html = "";
  beforeAll(async () => {
    html = (await renderReport(sweepReport())).html;
  });

  test.each([390, 1280])(
    "draws every figure whole at %i px, and only charts and tables scroll sideways",
    async (width) => {
      const seen = await look(html, width, "light");
      expect(seen.innerWidth).toBe(width);
      expect(seen.scrollWidth).toBeLessThanOrEqual(width);
      expect(seen.overflowing).toEqual([]);
      expect(seen.clipped).toEqual([]);
      expect(seen.console).toEqual([]);
      expect(seen.loaded).toBe(0);
      const kinds = ["example", "faders", "vectors", "pareto", "dial", "curve", "lens", "attribution", "attention"];
      expect([...new Set(seen.charts.map(({ kind }) => kind))].sort()).toEqual(kinds.sort());
      expect(seen.charts).toHaveLength(32);
      // The example, faders, settings, harm, baselines of both tasks, and versions.
      expect(seen.tables).toBe(11);
      for (const { kind, width: w, height, shapes } of seen.charts) {
        expect(Math.min(w, height), kind).toBeGreaterThan(60);
        expect(shapes, kind).toBeGreaterThan(5);
      }
    },
  );

  test("is dark where the reader's system is, as wide as before", async () => {
    const [light, dark] = [await look(html, 360, "light"), await look(html, 360, "dark")];
    expect(light.background).toBe("rgb(251, 251, 250)");
    expect(dark.background).toBe("rgb(21, 23, 27)");
    expect(dark.scrollWidth).toBeLessThanOrEqual(360);
  });

  test("gives a picture", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fader-picture-"));
    try {
      const path = join(folder, "report.png");
      await screenshot(html, 1200, path);
      const bytes = await readFile(path);
      expect(bytes.subarray(1, 4).toString()).toBe("PNG");
      // A page of one colour would be far smaller.
      expect(bytes.length).toBeGreaterThan(30_000);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
