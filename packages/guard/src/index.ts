export { DomainError } from "./errors.js";
export { createGuard, type Drift, type Guard, type GuardOptions, type PValues } from "./guard.js";
