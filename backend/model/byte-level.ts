// GPT-2's byte-level alphabet (Radford et al. 2019): each byte is one printable character, so that BPE can work on
// text and still spell any bytes.

/** Character of each byte, [256]. */
export const byteCharacters: readonly string[] = makeByteCharacters();

function makeByteCharacters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** GPT-2's pre-tokenizer: how text is cut into words that merges never cross. */
export const gpt2Words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
