import type { Random } from "fader/autograd";
import {
  bytesOf,
  type Files,
  indexFile,
  joined,
  joinWeightFile,
  type Mutation,
  printPairs,
  splitWeightFile,
  textOf,
} from "./folder";
import { mutateBytes } from "./mutate-bytes";
import { mutateJson, mutateText } from "./mutate-json";

const isWeights = (file: string) => file.endsWith(".safetensors");

/** Changes files behind the back of their format. Each of these leaves it open whether the folder still loads. */
export function mutateFiles(files: Files, random: Random): Mutation {
  const kinds = [bytes, bytes, json, json, json, text, header, header, presence];
  if (files.has(indexFile)) kinds.push(index, index);
  return { what: random.pick(kinds)(files, random), expected: "either" };
}

function bytes(files: Files, random: Random): string {
  const file = random.pick([...files.keys()]);
  const { what, bytes } = mutateBytes(files.get(file)!, random);
  files.set(file, bytes);
  return `bytes of ${file}: ${what}`;
}

/** Tokenizers have the most to get wrong. */
function jsonFile(files: Files, random: Random): string {
  const names = [...files.keys()].filter((file) => !isWeights(file));
  return random.pick([...names, "tokenizer.json", "tokenizer.json"]);
}

function json(files: Files, random: Random): string {
  const file = jsonFile(files, random);
  const { what, text } = mutateJson(JSON.parse(textOf(files.get(file)!)), random);
  files.set(file, bytesOf(text));
  return `json of ${file}: ${what}`;
}

function text(files: Files, random: Random): string {
  const file = jsonFile(files, random);
  const { what, text } = mutateText(textOf(files.get(file)!), random);
  files.set(file, bytesOf(text));
  return `text of ${file}: ${what}`;
}

type Info = { dtype: unknown; shape: unknown; data_offsets: unknown };

/** Changes the header of a weight file and leaves its data. */
function header(files: Files, random: Random): string {
  const file = random.pick([...files.keys()].filter(isWeights));
  const { header: before, data } = splitWeightFile(files.get(file)!);
  const put = (header: string) => files.set(file, joinWeightFile(header, [data]));
  const pairs = Object.entries(JSON.parse(before) as Record<string, Info>);
  const tensors = pairs.filter(([name]) => name !== "__metadata__").map(([, info]) => info);
  const [info, other] = [random.pick(tensors), random.pick(tensors)];
  const offsets = info.data_offsets as number[];
  const shape = info.shape as number[];
  const variants: Record<string, () => void> = {
    "any place": () => put(mutateJson(JSON.parse(before), random).text),
    "any text": () => put(mutateText(before, random).text),
    "another dtype": () => {
      info.dtype = random.pick([
        "F64",
        "F32",
        "F16",
        "BF16",
        "I32",
        "U8",
        "BOOL",
        "F4",
        "f32",
        "",
        "__proto__",
        null,
        3,
        [],
      ]);
    },
    "shifted offsets": () => {
      info.data_offsets = offsets.map((at) => at + random.pick([-4, -1, 1, 4, 2 ** 31, 2 ** 53]));
    },
    "swapped offsets": () => ([info.data_offsets, other.data_offsets] = [other.data_offsets, info.data_offsets]),
    "the offsets of another": () => {
      info.data_offsets = other.data_offsets;
    },
    "odd offsets": () => {
      info.data_offsets = random.pick([
        [],
        [0],
        [0, 4, 8],
        [4, 0],
        ["0", "4"],
        [0.5, 4.5],
        null,
        {},
        [-0, 4],
        [-4, 0],
        [[0], [4]],
      ]);
    },
    "reversed shape": () => shape.reverse(),
    "swapped shapes": () => ([info.shape, other.shape] = [other.shape, info.shape]),
    "odd sizes": () => {
      const size = random.pick([0, -1, 0.5, 2 ** 31, 2 ** 53, 1e300, "4", null, [], true]);
      info.shape = random.pick([[size], [...shape, size], shape.map(() => size), [2 ** 31, 2 ** 31, 2 ** 31, 0], size]);
    },
    "a shape of many dimensions": () => {
      info.shape = [...shape, ...new Array(random.pick([1, 10, 10_000])).fill(1)];
    },
    "more fields": () => Object.assign(info, { strides: [1], constructor: 3 }),
    "a tensor twice": () => {
      pairs.push(random.pick(pairs));
    },
    "an escaped name": () => {
      const at = random.integer(0, pairs.length);
      const plain = printPairs(pairs);
      put(
        plain.replace(
          JSON.stringify(pairs[at]![0]),
          `"\\u${pairs[at]![0].charCodeAt(0).toString(16).padStart(4, "0")}${pairs[at]![0].slice(1)}"`,
        ),
      );
    },
    "another length": () => {
      const bytes = files.get(file)!.slice();
      const length = random.pick([
        0n,
        1n,
        8n,
        BigInt(bytes.length),
        BigInt(bytes.length - 8),
        2n ** 31n,
        2n ** 53n,
        2n ** 64n - 1n,
      ]);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      files.set(file, bytes);
    },
    "data too long": () => files.set(file, joined([files.get(file)!, new Uint8Array(random.pick([1, 4, 4096]))])),
    "invalid UTF-8": () => {
      const bytes = files.get(file)!.slice();
      bytes[random.integer(9, Math.min(bytes.length, 200))] = 0xff;
      files.set(file, bytes);
    },
  };
  const what = random.pick(Object.keys(variants));
  const size = files.get(file)!;
  variants[what]!();
  if (files.get(file) === size) put(printPairs(pairs));
  return `header of ${file}: ${what}`;
}

/** Files that come and go. */
function presence(files: Files, random: Random): string {
  const names = [...files.keys()];
  const [file, other] = [random.pick(names), random.pick(names)];
  const variants: Record<string, () => unknown> = {
    "is gone": () => files.delete(file),
    "is empty": () => files.set(file, new Uint8Array(0)),
    [`is ${other}`]: () => files.set(file, files.get(other)!),
    "is a pointer to large storage": () =>
      files.set(file, bytesOf(`version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 1\n`)),
    "is a web page": () => files.set(file, bytesOf("<!doctype html><title>Not found</title>")),
    "has an index beside it": () => files.set(indexFile, bytesOf('{"weight_map":{"a":"b"}}')),
    "is a pickle": () => {
      files.delete(file);
      files.set("pytorch_model.bin", new Uint8Array(4));
    },
  };
  const what = random.pick(Object.keys(variants));
  variants[what]!();
  return `${file} ${what}`;
}

/** Changes what the index of the shards says. */
function index(files: Files, random: Random): string {
  const json = JSON.parse(textOf(files.get(indexFile)!)) as { weight_map: Record<string, unknown> };
  const { weight_map: map } = json;
  const keys = Object.keys(map);
  const key = random.pick(keys);
  const strange = [
    "../config.json",
    "/etc/passwd",
    "C:\\x",
    "a/b.safetensors",
    "..",
    ".",
    "",
    "\u0000",
    "config.json",
    "https://example.com/x.safetensors",
    "model-9-of-9.safetensors",
    "x".repeat(5000),
    "model-1-of-2.safetensors\n",
    null,
    3,
    [],
    {},
    ["model-1-of-2.safetensors"],
  ];
  const variants: Record<string, () => unknown> = {
    "a file for one tensor": () => (map[key] = random.pick(strange)),
    "a file for all tensors": () => {
      const file = random.pick(strange);
      for (const name of keys) map[name] = file;
    },
    "a tensor in another shard": () => (map[key] = map[random.pick(keys)]),
    "a tensor less": () => delete map[key],
    "a tensor more": () =>
      define(map, random.pick(["__proto__", "constructor", "", "a.weight", "n".repeat(9000)]), map[key]),
    "many tensors more": () => {
      for (let i = 0; i < 20_000; i++) map[`more.${i}`] = random.pick([map[key], `model-${i}.safetensors`]);
    },
    "no tensors": () => (json.weight_map = {}),
    "another map": () => (json.weight_map = random.pick([null, 3, "x", [], [["a", "b"]], undefined]) as never),
  };
  const what = random.pick(Object.keys(variants));
  variants[what]!();
  files.set(indexFile, bytesOf(JSON.stringify(json)));
  return `index: ${what}`;
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
