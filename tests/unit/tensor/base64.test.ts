import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64 } from "../../../src/tensor/kernels/wasm/base64";

test("base64 decodes to the bytes that were encoded", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(fromBase64(Buffer.from(bytes).toString("base64"))).toEqual(Uint8Array.from(bytes));
    }),
  );
});
