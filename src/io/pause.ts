/** Lets other work of the page or process run. A message, as browsers make timers wait 4 ms; a timer without messages. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof MessageChannel === "undefined") return void setTimeout(resolve, 0);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** A function to await in a loop: it pauses when `milliseconds` have passed since the last pause. Default: one frame. */
export function pacer(milliseconds = 16): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < milliseconds) return;
    await pause();
    last = performance.now();
  };
}
