/** Most runs of a program with memory at the same time: one that computes, and one that waits, fully prepared. */
export const MOST_RUNS = 2;

/** A pool of resources, each used by one run at a time, created on demand. */
export class Slots<T> {
  readonly #free: T[] = [];
  readonly #waiting: ((slot: T) => void)[] = [];
  #made = 0;

  constructor(private readonly make: (number: number) => T) {}

  async use<R>(run: (slot: T) => Promise<R>): Promise<R> {
    const slot = await this.#take();
    try {
      return await run(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(slot);
      else this.#free.push(slot);
    }
  }

  #take(): T | Promise<T> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made === MOST_RUNS) return new Promise((resolve) => this.#waiting.push(resolve));
    const made = this.make(this.#made);
    this.#made++;
    return made;
  }
}
