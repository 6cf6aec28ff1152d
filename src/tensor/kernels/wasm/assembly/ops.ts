// Operation numbers: part of the binary interface, so the order is fixed.

// unary
export const NEG: i32 = 0;
export const EXP: i32 = 1;
export const LOG: i32 = 2;
export const SQRT: i32 = 3;
export const RSQRT: i32 = 4;
export const TANH: i32 = 5;
export const ERF: i32 = 6;
export const SIGMOID: i32 = 7;
export const SILU: i32 = 8;
export const RELU: i32 = 9;
export const SOFTPLUS: i32 = 10;
export const ABS: i32 = 11;
export const SIN: i32 = 12;
export const COS: i32 = 13;
export const GELU_TANH: i32 = 14;
export const GELU_ERF: i32 = 15;
export const SIGN: i32 = 16;
export const SQUARE: i32 = 17;
export const RECIPROCAL: i32 = 18;

// unaryBackward
export const GELU_TANH_BACKWARD: i32 = 0;
export const GELU_ERF_BACKWARD: i32 = 1;
export const SILU_BACKWARD: i32 = 2;

// binary
export const ADD: i32 = 0;
export const SUB: i32 = 1;
export const MUL: i32 = 2;
export const DIV: i32 = 3;
export const MAXIMUM: i32 = 4;
export const MINIMUM: i32 = 5;
export const POW: i32 = 6;

// compare
export const EQ: i32 = 0;
export const NE: i32 = 1;
export const LT: i32 = 2;
export const LE: i32 = 3;
export const GT: i32 = 4;
export const GE: i32 = 5;

// reduce
export const SUM: i32 = 0;
export const MAX: i32 = 1;
export const MIN: i32 = 2;
