/** Things by key, of which the ones used last stay, as many as fit. */
export class Recent<T extends object> {
  readonly #most: number;
  readonly #held = new Map<string, Readonly<{ value: T; size: number }>>();
  #size = 0;

  /** @param most the sum of the sizes at most */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): T | undefined {
    const found = this.#held.get(key);
    if (!found) return undefined;
    this.#held.delete(key);
    this.#held.set(key, found);
    return found.value;
  }

  /** Takes a thing out. */
  take(key: string): T | undefined {
    const found = this.#held.get(key);
    if (!found) return undefined;
    this.#held.delete(key);
    this.#size -= found.size;
    return found.value;
  }

  /** Puts a thing in; returns those that had to leave for it, itself where it is too large. */
  put(key: string, value: T, size: number): T[] {
    const old = this.take(key);
    const left = old === undefined ? [] : [old];
    if (size > this.#most) return [...left, value];
    this.#held.set(key, { value, size });
    this.#size += size;
    for (const [other, held] of this.#held) {
      if (this.#size <= this.#most) break;
      this.take(other);
      left.push(held.value);
    }
    return left;
  }
}
