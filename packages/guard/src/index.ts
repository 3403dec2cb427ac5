export {
  createGuard,
  DomainError,
  type Drift,
  type Guard,
  type GuardOptions,
  type PValues,
} from "./guard.js";
