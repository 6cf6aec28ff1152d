export { type BootstrapOptions, bootstrap, bootstrapOf, type Interval, meanInterval } from "./bootstrap";
export { nestedBootstrap } from "./nested-bootstrap";
export { auroc, largest, ranks, spearman } from "./ranks";
