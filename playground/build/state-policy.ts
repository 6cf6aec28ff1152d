import type { Plugin } from "vite";
import { policy } from "../policy";

/** Writes the policy into the built page, for hosts that send no headers of ours. */
export function statePolicy(): Plugin {
  return {
    name: "state-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: policy },
        injectTo: "head-prepend",
      },
    ],
  };
}
