import { BLOCK_BYTES } from "./kernel.js";

/** Pages of 64 KiB, tried in this order: 2 GiB, 1 GiB, 256 MiB. */
const PAGES = [32768, 16384, 4096];

/** Scratch space of kernel calls on arrays that lie elsewhere: small enough for a core's own cache. */
const SCRATCH_BYTES = 1 << 19;

/**
 * Arrays in one WebAssembly memory, where kernels reach all of them. The memory has its full size from
 * the start, since growing it would detach every array; the system gives pages only once they are
 * written. Blocks that were freed are kept for arrays of the same length, as a loop asks for again.
 */
export class Arena {
  readonly scratch: Float32Array<ArrayBuffer>;
  readonly #free = new Map<number, number[]>();
  readonly #live = new Map<number, number>();
  #end = SCRATCH_BYTES;

  constructor(readonly memory: WebAssembly.Memory) {
    this.scratch = new Float32Array(memory.buffer, 0, SCRATCH_BYTES / 4);
  }

  /** Undefined where not even the smallest memory can be reserved. */
  static create(sizes: readonly number[] = PAGES): Arena | undefined {
    for (const pages of sizes) {
      try {
        return new Arena(new WebAssembly.Memory({ initial: pages, maximum: pages }));
      } catch {
        // the next smaller one
      }
    }
    return undefined;
  }

  /** An array of any content; undefined where the memory is full. */
  allocate(length: number): Float32Array<ArrayBuffer> | undefined {
    const bytes = roundUp(4 * length);
    let offset = this.#free.get(bytes)?.pop();
    if (offset === undefined) {
      if (this.#end + bytes > this.memory.buffer.byteLength) return undefined;
      offset = this.#end;
      this.#end += bytes;
    }
    this.#live.set(offset, bytes);
    return new Float32Array(this.memory.buffer, offset, length);
  }

  /** Takes the block at an offset back; nothing where it is free already. */
  release(offset: number): void {
    const bytes = this.#live.get(offset);
    if (bytes === undefined) return;
    this.#live.delete(offset);
    const blocks = this.#free.get(bytes);
    if (blocks) blocks.push(offset);
    else this.#free.set(bytes, [offset]);
  }

  /** True for an array that lies in this memory. */
  holds(array: ArrayBufferView): boolean {
    return array.buffer === this.memory.buffer;
  }

  /** Bytes of the blocks that are in use. */
  get liveBytes(): number {
    let sum = 0;
    for (const bytes of this.#live.values()) sum += bytes;
    return sum;
  }
}

export const roundUp = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
