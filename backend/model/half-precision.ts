// float16 and bfloat16 as checkpoints store them, to and from float32. Rounding is to nearest, ties to even,
// as in torch and numpy. Arrays of 16-bit patterns are Uint16Array in the machine's (little-endian) order.

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

function decodeFloat16(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let float16Table: Float32Array | undefined;

/** All 65,536 float16 values by bit pattern, made at first use. */
function float16Values(): Float32Array {
  if (float16Table === undefined) {
    float16Table = new Float32Array(65536);
    for (let pattern = 0; pattern < 65536; pattern++) float16Table[pattern] = decodeFloat16(pattern);
  }
  return float16Table;
}

/** The value of one float16 bit pattern. */
export function float16ToFloat32(pattern: number): number {
  return float16Values()[pattern & 0xffff] ?? Number.NaN;
}

/** The float16 bit pattern nearest to a float32 value; beyond 65504 it is infinite. */
export function float32ToFloat16(value: number): number {
  asFloat[0] = value;
  const pattern = bits[0] ?? 0;
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = pattern & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 or more
  if (magnitude < 0x38800000) {
    // Subnormal in float16: a multiple of 2^-24, rounded to even.
    const scaled = Math.abs(asFloat[0] ?? 0) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
    return sign | (floor + (up ? 1 : 0));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The bfloat16 bit pattern nearest to a float32 value. */
export function float32ToBfloat16(value: number): number {
  asFloat[0] = value;
  const pattern = bits[0] ?? 0;
  if ((pattern & 0x7fffffff) > 0x7f800000) return ((pattern >>> 16) | 0x40) & 0xffff; // NaN stays NaN
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Writes the values of float16 patterns to `target` from `offset` on. */
export function decodeFloat16Array(patterns: Uint16Array, target: Float32Array, offset: number): void {
  const values = float16Values();
  for (let i = 0; i < patterns.length; i++) target[offset + i] = values[patterns[i] ?? 0] ?? Number.NaN;
}

/** Writes the values of bfloat16 patterns to `target` from `offset` on. */
export function decodeBfloat16Array(patterns: Uint16Array, target: Float32Array, offset: number): void {
  const targetBits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < patterns.length; i++) targetBits[offset + i] = (patterns[i] ?? 0) << 16;
}

/** Bit patterns of `values` in a 16-bit type. */
export function encodeHalfArray(values: Float32Array, type: 'float16' | 'bfloat16'): Uint16Array {
  const encode = type === 'float16' ? float32ToFloat16 : float32ToBfloat16;
  const patterns = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) patterns[i] = encode(values[i] ?? 0);
  return patterns;
}
