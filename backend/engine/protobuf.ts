// Just enough of the protobuf wire format to write ONNX models and TensorFlow graphs: varints, length-delimited fields
// and floats. Field numbers are those of the schemas, named at each use.

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  if (rest < 0n) rest += 1n << 64n;
  do {
    let byte = Number(rest & 127n);
    rest >>= 7n;
    if (rest) byte |= 128;
    bytes.push(byte);
  } while (rest);
  return Buffer.from(bytes);
}

/** The tag and length that go before the bytes of a length-delimited field. */
export function bytesFieldHeader(field: number, length: number): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(length)]);
}

/** A length-delimited field: message, string or bytes. */
export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const body = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([bytesFieldHeader(field, body.length), body]);
}

/** A varint field. */
export function intField(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** A 32-bit float field. */
export function floatField(field: number, value: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), body]);
}
