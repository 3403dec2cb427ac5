/** A number outside the range in which a formula holds, or an option that cannot be; `code` is `DOMAIN`. */
export class DomainError extends Error {
  readonly code = "DOMAIN";
  constructor(message: string) {
    super(message);
    this.name = "DomainError";
  }
}
