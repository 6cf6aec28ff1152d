/** The layers: imports go down only. */
const layers = ["tensor", "autograd", "builtin", "nn", "steering", "cli"];

/** A layer may import itself and those before it; `builtin` is data that only steering and the trainer read. */
const forbidden = layers.map((layer, i) => ({
  name: `${layer}-imports-down-only`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${[...layers.slice(i + 1), "node", "index|load"].join("|")})` },
}));

module.exports = {
  forbidden: [
    ...forbidden.map((rule) =>
      rule.from.path === "^src/cli/" ? { ...rule, to: { path: "^src/(node/index|index)" } } : rule,
    ),
    {
      name: "node-below-cli",
      comment: "What Node adds to the library is used by the command line; only its entry also shows the report.",
      severity: "error",
      from: { path: "^src/node/", pathNot: "^src/node/index" },
      to: { path: "^src/(cli|index)" },
    },
    {
      name: "core-needs-no-package",
      comment: "What a browser loads for tensors and autodiff has no runtime dependency.",
      severity: "error",
      from: { path: "^src/(tensor|autograd)/", pathNot: "^src/tensor/ndarray" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "core"] },
    },
    {
      name: "node-modules-stay-in-cli",
      comment: "The library runs in browsers; files.ts and load.ts import Node's modules only when they run in Node.",
      severity: "error",
      from: { path: "^src/(nn|steering|builtin)/", pathNot: "^src/nn/(atomic|files|load)\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "page-computes-nothing",
      comment: "The engine runs in the worker; the page knows its types, and carries none of its code.",
      severity: "error",
      from: { path: "^playground/src/", pathNot: "^playground/src/engine/" },
      to: { path: "^src/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "playground-uses-public-names",
      comment: "What the playground needs, any program can have.",
      severity: "error",
      from: { path: "^playground/" },
      to: { path: "^src/", pathNot: "^src/(index|(tensor|autograd|nn|steering)/index|tensor/ndarray)\\.ts$" },
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
