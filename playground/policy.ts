/** What the page may load and do. Everything it runs comes with it; only models may come from the hub. */
const rules = {
  "default-src": "'none'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  // The engine's threads start from a blob.
  "worker-src": "'self' blob:",
  "style-src": "'self'",
  "img-src": "'self' data: blob:",
  "font-src": "'self'",
  "manifest-src": "'self'",
  "connect-src": "'self' https://huggingface.co https://*.huggingface.co https://*.hf.co",
  "base-uri": "'none'",
  "form-action": "'none'",
};

/** The policy as the page itself states it. */
export const policy = Object.entries(rules)
  .map(([directive, sources]) => `${directive} ${sources}`)
  .join("; ");

/** What lets a page share memory between threads. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** For every answer: a worker obeys the policy that came with its own script, not that of the page. */
export const safetyHeaders = {
  "Content-Security-Policy": `${policy}; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};
