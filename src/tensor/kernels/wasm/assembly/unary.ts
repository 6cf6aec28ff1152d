// Elementwise functions of one contiguous input, and three derivatives.
import { Activation, Unary } from "../../numbers";
import * as math from "./math";
import { loadSome, splat, storeSome } from "./simd";

class Neg { @inline of(x: v128): v128 { return f32x4.neg(x); } }
class Exp { @inline of(x: v128): v128 { return math.exp(x); } }
class Log { @inline of(x: v128): v128 { return math.log(x); } }
class Sqrt { @inline of(x: v128): v128 { return f32x4.sqrt(x); } }
class Rsqrt { @inline of(x: v128): v128 { return f32x4.div(splat(1), f32x4.sqrt(x)); } }
class Tanh { @inline of(x: v128): v128 { return math.tanh(x); } }
class Erf { @inline of(x: v128): v128 { return math.erf(x); } }
class Sigmoid { @inline of(x: v128): v128 { return math.sigmoid(x); } }
class Silu { @inline of(x: v128): v128 { return math.silu(x); } }
class Relu { @inline of(x: v128): v128 { return f32x4.max(x, splat(0)); } }
class Softplus { @inline of(x: v128): v128 { return math.softplus(x); } }
class Abs { @inline of(x: v128): v128 { return f32x4.abs(x); } }
class GeluTanh { @inline of(x: v128): v128 { return math.geluTanh(x); } }
class GeluErf { @inline of(x: v128): v128 { return math.geluErf(x); } }
class Square { @inline of(x: v128): v128 { return f32x4.mul(x, x); } }
class Reciprocal { @inline of(x: v128): v128 { return f32x4.div(splat(1), x); } }
class SiluSlope { @inline of(x: v128): v128 { return math.siluSlope(x); } }
class GeluTanhSlope { @inline of(x: v128): v128 { return math.geluTanhSlope(x); } }
class GeluErfSlope { @inline of(x: v128): v128 { return math.geluErfSlope(x); } }

/** ±1 by sign; zeros and NaN stay as they are. */
class Sign {
  @inline of(x: v128): v128 {
    const one = v128.or(v128.and(x, i32x4.splat(0x80000000)), splat(1));
    const ordered = f32x4.gt(f32x4.abs(x), splat(0));
    return v128.bitselect(one, x, ordered);
  }
}

class Sin {
  @inline of(x: v128): v128 {
    return f32x4(
      Mathf.sin(f32x4.extract_lane(x, 0)),
      Mathf.sin(f32x4.extract_lane(x, 1)),
      Mathf.sin(f32x4.extract_lane(x, 2)),
      Mathf.sin(f32x4.extract_lane(x, 3)),
    );
  }
}

class Cos {
  @inline of(x: v128): v128 {
    return f32x4(
      Mathf.cos(f32x4.extract_lane(x, 0)),
      Mathf.cos(f32x4.extract_lane(x, 1)),
      Mathf.cos(f32x4.extract_lane(x, 2)),
      Mathf.cos(f32x4.extract_lane(x, 3)),
    );
  }
}

/** A class without fields stands for the function; the null instance costs nothing once inlined. */
function map<F>(x: usize, out: usize, n: i32): void {
  const f = changetype<F>(0);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(out, f.of(v128.load(x)));
    x += 16;
    out += 16;
  }
  if (left > 0) storeSome(out, f.of(loadSome(x, left)), left);
}

function mapTimes<F>(x: usize, g: usize, out: usize, n: i32): void {
  const f = changetype<F>(0);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(out, f32x4.mul(v128.load(g), f.of(v128.load(x))));
    x += 16;
    g += 16;
    out += 16;
  }
  if (left > 0) storeSome(out, f32x4.mul(loadSome(g, left), f.of(loadSome(x, left))), left);
}

export function unary(op: i32, x: usize, out: usize, n: i32): void {
  switch (op) {
    case Unary.neg: return map<Neg>(x, out, n);
    case Unary.exp: return map<Exp>(x, out, n);
    case Unary.log: return map<Log>(x, out, n);
    case Unary.sqrt: return map<Sqrt>(x, out, n);
    case Unary.rsqrt: return map<Rsqrt>(x, out, n);
    case Unary.tanh: return map<Tanh>(x, out, n);
    case Unary.erf: return map<Erf>(x, out, n);
    case Unary.sigmoid: return map<Sigmoid>(x, out, n);
    case Unary.silu: return map<Silu>(x, out, n);
    case Unary.relu: return map<Relu>(x, out, n);
    case Unary.softplus: return map<Softplus>(x, out, n);
    case Unary.abs: return map<Abs>(x, out, n);
    case Unary.sin: return map<Sin>(x, out, n);
    case Unary.cos: return map<Cos>(x, out, n);
    case Unary.gelu_tanh: return map<GeluTanh>(x, out, n);
    case Unary.gelu_erf: return map<GeluErf>(x, out, n);
    case Unary.sign: return map<Sign>(x, out, n);
    case Unary.square: return map<Square>(x, out, n);
    case Unary.reciprocal: return map<Reciprocal>(x, out, n);
    default: unreachable();
  }
}

/** out = g · f′(x). */
export function activationGradient(op: i32, x: usize, g: usize, out: usize, n: i32): void {
  switch (op) {
    case Activation.gelu_tanh: return mapTimes<GeluTanhSlope>(x, g, out, n);
    case Activation.gelu_erf: return mapTimes<GeluErfSlope>(x, g, out, n);
    case Activation.silu: return mapTimes<SiluSlope>(x, g, out, n);
    default: unreachable();
  }
}
