/** `count` records of CIFAR-10's binary form: label `i % 10`, pixels that say where they are. */
export function cifarRecords(count: number, labelBytes = 1): Uint8Array {
  const record = labelBytes + 3072;
  const bytes = new Uint8Array(count * record);
  for (let i = 0; i < count; i++) {
    bytes.fill(i % 10, i * record, i * record + labelBytes);
    for (let at = 0; at < 3072; at++) bytes[i * record + labelBytes + at] = (at + 31 * i) % 256;
  }
  return bytes;
}
