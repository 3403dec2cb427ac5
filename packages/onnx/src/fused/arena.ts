import { BLOCK_BYTES } from "./kernel.js";

/** Pages of 64 KiB, tried in this order: 2 GiB, 1 GiB, 256 MiB. */
const PAGES = [32768, 16384, 4096];

/** Scratch space of kernel calls for arrays outside of this memory: small enough for a core's cache. */
const SCRATCH_BYTES = 1 << 19;

type Block = Readonly<{ offset: number; bytes: number }>;

/**
 * Arrays in one WebAssembly memory, accessible to all kernels. The memory has its full size from the beginning, because
 * growing it would detach every array; the system provides pages only when they are written. Allocation uses the first
 * free block that is large enough, and adjacent free blocks are merged, so that few pages are in use.
 */
export class Arena {
  readonly scratch: Float32Array<ArrayBuffer>;
  /** Free blocks, sorted by offset. */
  readonly #free: Block[];
  readonly #live = new Map<number, number>();

  constructor(readonly memory: WebAssembly.Memory) {
    this.scratch = new Float32Array(memory.buffer, 0, SCRATCH_BYTES / 4);
    this.#free = [{ offset: SCRATCH_BYTES, bytes: memory.buffer.byteLength - SCRATCH_BYTES }];
  }

  /** Undefined if not even the smallest memory can be reserved. */
  static create(sizes: readonly number[] = PAGES): Arena | undefined {
    for (const pages of sizes) {
      try {
        return new Arena(new WebAssembly.Memory({ initial: pages, maximum: pages }));
      } catch {
        // try the next smaller one
      }
    }
    return undefined;
  }

  /** An uninitialized array; undefined if the memory is full. */
  allocate(length: number): Float32Array<ArrayBuffer> | undefined {
    const bytes = roundUp(4 * length);
    const at = this.#free.findIndex((block) => block.bytes >= bytes);
    const block = this.#free[at];
    if (block === undefined) return undefined;
    const { offset } = block;
    const rest = { offset: offset + bytes, bytes: block.bytes - bytes };
    this.#free.splice(at, 1, ...(rest.bytes > 0 ? [rest] : []));
    this.#live.set(offset, bytes);
    return new Float32Array(this.memory.buffer, offset, length);
  }

  /** Frees the block at an offset; does nothing if it is already free. */
  release(offset: number): void {
    const bytes = this.#live.get(offset);
    if (bytes === undefined) return;
    this.#live.delete(offset);
    const found = this.#free.findIndex((block) => block.offset > offset);
    const at = found < 0 ? this.#free.length : found;
    const [before, after] = [this.#free[at - 1], this.#free[at]];
    const joinsBefore = before !== undefined && before.offset + before.bytes === offset;
    const joinsAfter = after !== undefined && offset + bytes === after.offset;
    const start = joinsBefore ? before.offset : offset;
    const end = joinsAfter ? after.offset + after.bytes : offset + bytes;
    this.#free.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), {
      offset: start,
      bytes: end - start,
    });
  }

  /** True for an array in this memory. */
  holds(array: ArrayBufferView): boolean {
    return array.buffer === this.memory.buffer;
  }

  /** Bytes of the blocks in use. */
  get liveBytes(): number {
    let sum = 0;
    for (const bytes of this.#live.values()) sum += bytes;
    return sum;
  }
}

export const roundUp = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
