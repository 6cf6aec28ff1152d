export { type BootstrapOptions, bootstrap, bootstrapOf, type Interval, meanInterval } from "./bootstrap";
export { nestedBootstrap } from "./nested-bootstrap";
export { paretoFront } from "./pareto";
export { auroc, isAmongLargest, ranks, spearman } from "./ranks";
