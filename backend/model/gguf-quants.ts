// Block formats of ggml (https://github.com/ggml-org/ggml, ggml-quants.c): to float32, and Q8_0 from float32.
// Numbers equal those of the gguf Python package's gguf.quants bit by bit.
import { decodeBfloat16Array, decodeFloat16Array, float16ToFloat32, float32ToFloat16 } from './half-precision';

/** Reads one block at `at` of `bytes` and writes its values to `out` from `to` on. */
type BlockDecoder = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

export interface BlockFormat {
  readonly name: string;
  /** Values of a block. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  readonly decode: BlockDecoder;
}

function half(bytes: Uint8Array, at: number): number {
  return float16ToFloat32(byte(bytes, at) | (byte(bytes, at + 1) << 8));
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function signedByte(bytes: Uint8Array, at: number): number {
  return (byte(bytes, at) << 24) >> 24;
}

/** 4-bit values of 32: low nibbles are the first 16, high nibbles the rest. */
function decodeNibbles(bytes: Uint8Array, at: number, out: Float32Array, to: number, d: number, m: number): void {
  for (let j = 0; j < 16; j++) {
    const packed = byte(bytes, at + j);
    out[to + j] = (packed & 15) * d + m;
    out[to + 16 + j] = (packed >> 4) * d + m;
  }
}

/** As nibbles, with a fifth bit of each value in a 32-bit word at `high`. */
function decodeFiveBits(
  bytes: Uint8Array,
  high: number,
  at: number,
  out: Float32Array,
  to: number,
  d: number,
  m: number,
): void {
  for (let j = 0; j < 16; j++) {
    const packed = byte(bytes, at + j);
    const low = (byte(bytes, high + (j >> 3)) >> (j & 7)) & 1;
    const up = (byte(bytes, high + 2 + (j >> 3)) >> (j & 7)) & 1;
    out[to + j] = ((packed & 15) | (low << 4)) * d + m;
    out[to + 16 + j] = ((packed >> 4) | (up << 4)) * d + m;
  }
}

/** The 6-bit scale and minimum of sub-block `j` (0–7) of a K-quant, packed in 12 bytes at `at`. */
function scaleAndMin(bytes: Uint8Array, at: number, j: number): [scale: number, min: number] {
  if (j < 4) return [byte(bytes, at + j) & 63, byte(bytes, at + j + 4) & 63];
  return [
    (byte(bytes, at + j + 4) & 15) | ((byte(bytes, at + j - 4) >> 6) << 4),
    (byte(bytes, at + j + 4) >> 4) | ((byte(bytes, at + j) >> 6) << 4),
  ];
}

/** Q4_K and Q5_K: 8 sub-blocks of 32 values; `highBits` is where the fifth bits lie, undefined for Q4_K. */
function decodeK(
  bytes: Uint8Array,
  at: number,
  highBits: number | undefined,
  quants: number,
  out: Float32Array,
  to: number,
): void {
  const d = half(bytes, at);
  const dMin = half(bytes, at + 2);
  for (let j = 0; j < 8; j++) {
    const [scale, min] = scaleAndMin(bytes, at + 4, j);
    const shift = (j & 1) * 4;
    const from = quants + (j >> 1) * 32;
    for (let l = 0; l < 32; l++) {
      const low = (byte(bytes, from + l) >> shift) & 15;
      const fifth = highBits === undefined ? 0 : ((byte(bytes, highBits + l) >> j) & 1) << 4;
      out[to + 32 * j + l] = d * scale * (low | fifth) - dMin * min;
    }
  }
}

function decodeQ6K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = half(bytes, at + 208);
  for (let part = 0; part < 2; part++) {
    const low = at + part * 64;
    const high = at + 128 + part * 32;
    const scales = at + 192 + part * 8;
    for (let row = 0; row < 4; row++) {
      for (let l = 0; l < 32; l++) {
        const nibble = (byte(bytes, low + (row & 1) * 32 + l) >> (row >> 1 ? 4 : 0)) & 15;
        const quant = (nibble | (((byte(bytes, high + l) >> (2 * row)) & 3) << 4)) - 32;
        out[to + part * 128 + row * 32 + l] = d * signedByte(bytes, scales + 2 * row + (l >> 4)) * quant;
      }
    }
  }
}

/** Formats that we read, by ggml's type number. */
export const blockFormats: ReadonlyMap<number, BlockFormat> = new Map<number, BlockFormat>([
  [0, { name: 'F32', values: 1, bytes: 4, decode: decodeF32 }],
  [1, { name: 'F16', values: 1, bytes: 2, decode: decode16With(decodeFloat16Array) }],
  [30, { name: 'BF16', values: 1, bytes: 2, decode: decode16With(decodeBfloat16Array) }],
  [
    2,
    {
      name: 'Q4_0',
      values: 32,
      bytes: 18,
      decode: (bytes, at, out, to) => {
        const d = half(bytes, at);
        decodeNibbles(bytes, at + 2, out, to, d, -8 * d);
      },
    },
  ],
  [
    3,
    {
      name: 'Q4_1',
      values: 32,
      bytes: 20,
      decode: (bytes, at, out, to) => decodeNibbles(bytes, at + 4, out, to, half(bytes, at), half(bytes, at + 2)),
    },
  ],
  [
    6,
    {
      name: 'Q5_0',
      values: 32,
      bytes: 22,
      decode: (bytes, at, out, to) => {
        const d = half(bytes, at);
        decodeFiveBits(bytes, at + 2, at + 6, out, to, d, -16 * d);
      },
    },
  ],
  [
    7,
    {
      name: 'Q5_1',
      values: 32,
      bytes: 24,
      decode: (bytes, at, out, to) =>
        decodeFiveBits(bytes, at + 4, at + 8, out, to, half(bytes, at), half(bytes, at + 2)),
    },
  ],
  [
    8,
    {
      name: 'Q8_0',
      values: 32,
      bytes: 34,
      decode: (bytes, at, out, to) => {
        const d = half(bytes, at);
        for (let j = 0; j < 32; j++) out[to + j] = signedByte(bytes, at + 2 + j) * d;
      },
    },
  ],
  [
    12,
    {
      name: 'Q4_K',
      values: 256,
      bytes: 144,
      decode: (bytes, at, out, to) => decodeK(bytes, at, undefined, at + 16, out, to),
    },
  ],
  [
    13,
    {
      name: 'Q5_K',
      values: 256,
      bytes: 176,
      decode: (bytes, at, out, to) => decodeK(bytes, at, at + 16, at + 48, out, to),
    },
  ],
  [14, { name: 'Q6_K', values: 256, bytes: 210, decode: decodeQ6K }],
]);

const word = new DataView(new ArrayBuffer(4));

function decodeF32(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  for (let i = 0; i < 4; i++) word.setUint8(i, byte(bytes, at + i));
  out[to] = word.getFloat32(0, true);
}

function decode16With(decode: (patterns: Uint16Array, target: Float32Array, offset: number) => void): BlockDecoder {
  const pattern = new Uint16Array(1);
  return (bytes, at, out, to) => {
    pattern[0] = byte(bytes, at) | (byte(bytes, at + 1) << 8);
    decode(pattern, out, to);
  };
}

/** Decodes whole blocks of one format: `bytes` → `out` from `to` on. */
export function dequantize(format: BlockFormat, bytes: Uint8Array, out: Float32Array, to: number): void {
  for (let at = 0, offset = to; at < bytes.byteLength; at += format.bytes, offset += format.values) {
    format.decode(bytes, at, out, offset);
  }
}

/** Blocks of 32 values as Q8_0: d = max|x| / 127 as float16, then 32 signed bytes round(x / d). */
export function quantizeQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / 32;
  const bytes = new Uint8Array(blocks * 34);
  for (let block = 0; block < blocks; block++) {
    let largest = 0;
    for (let j = 0; j < 32; j++) largest = Math.max(largest, Math.abs(values[block * 32 + j] ?? 0));
    const d = Math.fround(largest / 127);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const pattern = float32ToFloat16(d);
    bytes[block * 34] = pattern & 0xff;
    bytes[block * 34 + 1] = pattern >> 8;
    for (let j = 0; j < 32; j++) {
      const scaled = Math.fround((values[block * 32 + j] ?? 0) * inverse);
      bytes[block * 34 + 2 + j] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
    }
  }
  return bytes;
}
