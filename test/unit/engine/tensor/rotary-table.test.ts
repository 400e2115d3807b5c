// Rotary frequencies of Llama 3's scaling at its three ranges, and the table's angles.
import { describe, expect, it } from 'vitest';
import { rotaryFrequencies, rotaryTable } from '../../../../backend/engine/tensor/rotary-table';
import { tinyModels } from '../onnx/decode/plain-decoder';

describe('rotary table', () => {
  it('holds cosines and sines of position times frequency', () => {
    const table = rotaryTable(tinyModels.llama, 50);
    const frequencies = [1, 0.01]; // 10000^0, 10000^(-2/4)
    for (const position of [0, 1, 49]) {
      frequencies.forEach((frequency, pair) => {
        expect(table.cos[position * 2 + pair]).toBeCloseTo(Math.cos(position * frequency), 6);
        expect(table.sin[position * 2 + pair]).toBeCloseTo(Math.sin(position * frequency), 6);
      });
    }
  });

  it('scales slow frequencies, keeps fast ones and blends between (llama3)', () => {
    const scaling = { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContext: 64 } as const;
    const frequencies = rotaryFrequencies({
      ...tinyModels.llama,
      headDim: 16,
      ropeTheta: 500_000,
      ropeScaling: scaling,
    });
    const plain = rotaryFrequencies({ ...tinyModels.llama, headDim: 16, ropeTheta: 500_000 });
    expect(frequencies[0]).toBe(plain[0]); // wavelength 6.3, below 64 / 4
    // wavelength 32.4, between 16 and 64
    const smooth = (64 / ((2 * Math.PI) / plain[1]!) - 1) / 3;
    expect(frequencies[1]).toBeCloseTo(((1 - smooth) * plain[1]!) / 8 + smooth * plain[1]!, 12);
    for (let pair = 2; pair < 8; pair++) expect(frequencies[pair]).toBe(plain[pair]! / 8);
  });
});
