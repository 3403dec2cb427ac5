/** A 32-bit checksum with a bit-reversed polynomial; continues from the checksum of earlier bytes. */
function checksum(polynomial: number): (bytes: Uint8Array, before?: number) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
  return (bytes, before = 0) => {
    let sum = ~before;
    for (const byte of bytes) sum = (sum >>> 8) ^ table[(sum ^ byte) & 0xff]!;
    return ~sum >>> 0;
  };
}

/** The checksum of zip and gzip (ISO 3309). Node has one only since 20.15. */
export const crc32 = checksum(0xedb88320);

/** The checksum of iSCSI (Castagnoli, RFC 3720), used in TensorFlow records. */
export const crc32c = checksum(0x82f63b78);
