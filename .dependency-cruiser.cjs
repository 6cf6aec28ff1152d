/** The floor plan of `src/README.md`: imports go down only, between layers and between the rooms of a layer. */
const layers = ["tensor", "autograd", "io", "text", "nn", "steering", "report", "hub", "load", "node", "cli"];

/** The rooms of a layer with several, the lowest first. What lies beside them, as `nn/config.ts`, is below them all. */
const rooms = {
  nn: ["tokenizer", "families", "interventions", "model", "checkpoint", "generate", "train"],
  steering: ["statistics", "tasks", "learn", "measure", "inspect", "causal", "baselines", "exchange", "sweep"],
};

const down = (name, from, above) => ({
  name,
  comment: "A layer imports itself and those below it.",
  severity: "error",
  from: { path: from },
  to: { path: above },
});

const betweenLayers = layers.map((layer, i) =>
  down(
    `${layer}-imports-down`,
    `^src/${layer}(/|\\.ts$)`,
    `^src/(index\\.ts|(${layers.slice(i + 1).join("|")})(/|\\.ts)|$)`,
  ),
);

const betweenRooms = Object.entries(rooms).flatMap(([layer, list]) => [
  ...list.map((room, i) =>
    down(
      `${layer}-${room}-imports-down`,
      `^src/${layer}/${room}/`,
      `^src/${layer}/(${["index", ...list.slice(i + 1)].join("|")})(/|\\.ts)`,
    ),
  ),
  {
    name: `${layer}-has-no-other-room`,
    comment: "A new room stands in the list above and in src/README.md.",
    severity: "error",
    from: { path: "^src/" },
    to: { path: `^src/${layer}/[^/]+/`, pathNot: `^src/${layer}/(${list.join("|")})/` },
  },
]);

/** The rooms of the playground, each with those that it must not import. The page reaches the engine by messages only. */
const playgroundRooms = {
  protocol: ["desk", "engine", "view", "state", "ui"],
  desk: ["engine", "view", "state", "ui"],
  engine: ["desk", "view", "state", "ui"],
  view: ["engine", "state", "ui"],
  state: ["ui"],
  ui: ["engine"],
};

const betweenPlaygroundRooms = Object.entries(playgroundRooms).map(([room, above]) =>
  down(
    `playground-${room}-imports-down`,
    `^playground/src/${room}(/|\\.ts$)`,
    `^playground/src/(${above.join("|")})(/|\\.ts$)`,
  ),
);

module.exports = {
  forbidden: [
    ...betweenPlaygroundRooms,
    ...betweenLayers,
    ...betweenRooms,
    {
      name: "no-circular",
      comment:
        "No circle, types included. The one exception: gradients are written with ops, so that the files that declare ops know each other.",
      severity: "error",
      from: { pathNot: "^src/tensor/ops/" },
      to: { circular: true },
    },
    {
      name: "ops-circle-stays-in-ops",
      comment: "The circle of ops passes through no other file.",
      severity: "error",
      from: { path: "^src/tensor/ops/" },
      to: { circular: true, via: { pathNot: "^src/tensor/ops/" } },
    },
    ...["tensor", "autograd"].map((layer) => ({
      name: `${layer}-by-its-index`,
      comment: "What is public stands in `index`, what only Fader needs in `internal`: nobody reaches past these two.",
      severity: "error",
      from: { path: "^src/", pathNot: `^src/${layer}/` },
      to: { path: `^src/${layer}/`, pathNot: `^src/${layer}/(index|internal)\\.ts$` },
    })),
    {
      name: "core-needs-no-package",
      comment: "What a browser loads for tensors and autodiff has no runtime dependency.",
      severity: "error",
      from: { path: "^src/(tensor|autograd)/", pathNot: "^src/tensor/ndarray" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "core"] },
    },
    {
      name: "node-modules-stay-outside",
      comment:
        "The library runs in browsers; files.ts imports disk.ts, and with it Node's modules, only where it runs in Node.",
      severity: "error",
      from: {
        path: "^src/(io|text|nn|steering|report|hub|load)",
        pathNot: "^src/io/disk\\.ts$",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "page-computes-nothing",
      comment: "The engine runs in the worker; the page knows its types, and carries none of its code.",
      severity: "error",
      from: { path: "^playground/src/", pathNot: "^playground/src/engine/(?!rpc)" },
      to: { path: "^src/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "playground-uses-public-names",
      comment:
        "What the playground needs, any program can have. Only its store of hub files fits into a room that is no entry of the package: the hub's, which Node's store shares.",
      severity: "error",
      from: { path: "^playground/" },
      to: { path: "^src/", pathNot: "^src/(index|(tensor|autograd|nn|steering|hub)/index|tensor/ndarray)\\.ts$" },
    },
    { name: "no-orphans", severity: "error", from: { orphan: true, path: "^src/", pathNot: "\\.d\\.ts$" }, to: {} },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "src/tensor/kernels/wasm/assembly" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["fader-source", "import", "node", "default"],
    },
  },
};
