import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LearnedIntervention, tensor } from "fader";
import { fingerprint, writeCheckpoint } from "fader/nn";
import { loadModel } from "fader/node";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyModel } from "../../helpers/tiny";
import {
  asked,
  expectAsNode,
  expectShown,
  exported,
  faderAt,
  importFile,
  inNode,
  mapOf,
  nodeModel,
  notice,
  openDesk,
  reset,
  shownOn,
  turnedAt,
  turnedFaders,
} from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

const capitals = new URL("../../../models/capitals/", import.meta.url).pathname;

describe.skipIf(chromium === undefined)("files", () => {
  let opened: Opened;
  let folder = "";
  let saved: Uint8Array;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "fader-files-"));
    opened = await openDesk();
  }, buildTime);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  const set = async (key: string, alpha: number) => {
    await opened.page.locator(`.sites label:has(input[value="${key.split("/")[0]}"])`).click();
    await faderAt(opened.page, key).focus();
    await opened.page.keyboard.type(String(alpha));
    await opened.page.keyboard.press("Enter");
  };
  /** A folder of a tiny model that reads the texts of the built-in one. */
  const tinyFolder = (name: string, config: (own: object) => string = JSON.stringify): string => {
    const path = join(folder, name);
    mkdirSync(path);
    const vocab_size = JSON.parse(readFileSync(join(capitals, "config.json"), "utf8")).vocab_size;
    const checkpoint = writeCheckpoint(tinyModel({ vocab_size, n_positions: 40 }));
    writeFileSync(join(path, "config.json"), config(checkpoint.config));
    writeFileSync(join(path, "model.safetensors"), checkpoint.weights);
    for (const file of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(capitals, file), join(path, file));
    return path;
  };
  const openFolder = async (path: string) => {
    await opened.page.locator("button.model").click();
    await opened.page.getByLabel("Folder of a model").setInputFiles(path);
  };
  const drop = (page: Page, files: readonly { name: string; text: string }[]) =>
    page.evaluate((given) => {
      const dataTransfer = new DataTransfer();
      for (const { name, text } of given) dataTransfer.items.add(new File([text], name));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, files);

  test("what is exported does in Node what it did in the page", async () => {
    const { page } = opened;
    await set("mlp_out/0/4", 1.5);
    await set("attn_out/1/19", -0.65);
    await set("attn_out/2/18", 0.125);
    await page.keyboard.press("r");
    await expectAsNode(page, { sites: ["mlp_out", "attn_out"] });
    const { path, learned } = await exported(page);
    saved = new Uint8Array(readFileSync(path));
    await expectShown(page, "steered", inNode(await nodeModel(), await asked(page), learned.at(1)));
    expect(learned.activeParameters).toBe(3);
  });

  test("what is imported into a fresh page makes the same desk", async () => {
    const { page, context, url } = opened;
    const faders = await turnedAt(page, ["mlp_out", "attn_out"]);
    const steered = await shownOn(page, "steered");
    const fresh = await context.newPage();
    await fresh.goto(url);
    await fresh.locator("[data-answer]").first().waitFor();
    await importFile(fresh, "mine.fader.safetensors", saved);
    await notice(fresh)
      .getByText(/^mine\.fader\.safetensors: Scalars, set by hand: 3 of /)
      .waitFor();
    await expectShown(fresh, "steered", steered);
    const found = await turnedAt(fresh, ["mlp_out", "attn_out"]);
    expect(found.map(({ alpha, ...place }) => ({ ...place, alpha: Math.fround(alpha) }))).toEqual(
      faders.map(({ alpha, ...place }) => ({ ...place, alpha: Math.fround(alpha) })),
    );
    await faderAt(fresh, "attn_out/1/19").click();
    expect(await fresh.locator("#alpha").inputValue()).toBe("-0.65");
    await fresh.close();
  });

  test("what cannot be read is said in one sentence, and the desk stays", async () => {
    const { page } = opened;
    const other = tinyModel();
    const alien = new LearnedIntervention(
      "scalars",
      { attn_out: { alpha: tensor(new Float32Array(2 * 3).fill(0.5), { shape: [2, 3] }) } },
      {
        ...{ task: "test", model: "tiny", fingerprint: fingerprint(other), tokens: ["a", "b", "c"] },
        ...{ seed: 0, settings: {}, steps: 0 },
      },
    );
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
    const files: [name: string, bytes: Uint8Array, says: RegExp][] = [
      [
        "cut.fader.safetensors",
        saved.subarray(0, saved.length - 5),
        /^cut\.fader\.safetensors: .* beyond the end of the file$/,
      ],
      [
        "empty.safetensors",
        new Uint8Array(0),
        /^empty\.safetensors: neither a GGUF control vector nor an \.npz or safetensors file$/,
      ],
      ["cat.png", png, /^cat\.png: neither a GGUF control vector nor an \.npz or safetensors file$/],
      [
        "other.fader.safetensors",
        alien.toBytes(),
        /^other\.fader\.safetensors: learned on another model than "capitals"$/,
      ],
    ];
    const faders = await turnedFaders(page);
    for (const [name, bytes, says] of files) {
      await importFile(page, name, bytes);
      await notice(page).getByText(says).waitFor();
      expect(await notice(page).getAttribute("class")).toContain("problem");
      // What a program could do about it is no help on a page.
      expect(await notice(page).textContent()).not.toMatch(/[{}]/);
      await page.getByRole("button", { name: "Close this message" }).click();
    }
    await drop(
      page,
      ["a.npz", "b.npz", "c.npz"].map((name) => ({ name, text: name })),
    );
    await notice(page).getByText("These 3 files are no model: there is no config.json among them").waitFor();
    const plain = join(folder, "photos");
    mkdirSync(plain);
    for (const name of ["a.jpg", "b.jpg"]) writeFileSync(join(plain, name), name);
    await openFolder(plain);
    await notice(page).getByText("These 2 files are no model: there is no config.json among them").waitFor();
    expect(await turnedFaders(page)).toEqual(faders);
    await expectAsNode(page, { sites: ["mlp_out", "attn_out"] });
  });

  test("a folder whose config.json is broken leaves the model that is open", async () => {
    const { page } = opened;
    await openFolder(tinyFolder("broken", () => "{ broken"));
    await notice(page)
      .getByText(/^broken\/config\.json: not JSON/)
      .waitFor();
    expect(await page.locator("button.model").textContent()).toContain("capitals");
    expect(await expectAsNode(page, { sites: ["mlp_out", "attn_out"] })).toHaveLength(3);
  });

  test("a folder with a model opens it, and it answers as in Node", async () => {
    const { page } = opened;
    const path = tinyFolder("tiny-model");
    await openFolder(path);
    await notice(page).getByText("tiny-model is open.").waitFor();
    const model = await loadModel(path);
    const prompt = "The capital of Italy is";
    await page.locator("#prompt").fill(prompt);
    for (const [side, word] of Object.entries({ correct: "Rome", wrong: "London" })) {
      await page.locator(`#answer-${side}`).fill(word);
      await page.locator(`#answer-${side}`).press("Enter");
    }
    await page.locator("[data-answer=wrong]").waitFor();
    const question = { prompt, correct: "Rome", wrong: "London" };
    await expectShown(page, "clean", inNode(model, question));
    await set("resid_mid/1/4", 2.5);
    const faders = await turnedFaders(page);
    const map = mapOf(faders, model.config.n_layers, model.encode(prompt).length);
    await expectShown(page, "steered", inNode(model, question, map));
    // What came before belongs to the other model.
    await page.getByRole("button", { name: "Reset all" }).click();
    while (await page.getByRole("button", { name: "Undo" }).isEnabled()) {
      await page.getByRole("button", { name: "Undo" }).click();
    }
    expect(await turnedFaders(page)).toEqual([]);
    await page.locator("button.model").click();
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await notice(page).getByText("capitals is open.").waitFor();
    await reset(page);
    await expectAsNode(page);
    expect(opened.errors).toEqual([]);
  });
});
