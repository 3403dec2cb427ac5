import { DomainError } from "@flowify/core";
import { type BitStack, TOTAL } from "./bit-stack.js";

/** Most symbols that are distinguished in one operation: each then has at least 256 of 2²⁴, and log₂ of their number is off by 10⁻⁵. */
const AT_ONCE = 2 ** 16;

/** Most numbers that are distinguished in two operations. */
const MOST = 2 ** 40;

/** Numbers of one block, where `width` numbers are distinguished in two operations. */
function blockOf(width: number): number {
  if (!(width <= MOST))
    throw new DomainError(
      `compress: one of ${width} numbers, more than the coder distinguishes; leave the example out`,
    );
  let block = 1;
  while (width > AT_ONCE * block) block *= 2;
  return block;
}

/** Where the numbers from `value` on begin in [0, TOTAL). */
const startOf = (value: number, width: number): number => Math.floor((value / width) * TOTAL);

/** Pushes an integer of 0 … width − 1, all of them equally probable: log₂ width bits. width ≤ 2⁴⁰. */
export function pushUniform(bits: BitStack, value: number, width: number): void {
  if (width <= 1) return;
  const block = blockOf(width);
  const first = value - (value % block);
  if (block > 1) pushUniform(bits, value - first, Math.min(block, width - first));
  const start = startOf(first, width);
  bits.push(start, startOf(Math.min(first + block, width), width) - start);
}

/** Pops what `pushUniform` pushed; from other bits, a random integer. */
export function popUniform(bits: BitStack, width: number): number {
  if (width <= 1) return 0;
  const block = blockOf(width);
  const place = bits.peek();
  let first = Math.floor(((place / TOTAL) * width) / block) * block;
  while (startOf(first, width) > place) first -= block;
  while (startOf(Math.min(first + block, width), width) <= place) first += block;
  const start = startOf(first, width);
  bits.pop(start, startOf(Math.min(first + block, width), width) - start);
  return block > 1 ? first + popUniform(bits, Math.min(block, width - first)) : first;
}
