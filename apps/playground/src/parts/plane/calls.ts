import type { Backend } from "../../worker/backend.js";
import type { Call } from "../../worker/protocol.js";

/** What the page asks of the plane's worker. */
export type PlaneCalls = {
  "plane.device": Call<{ backend: Backend }, { device: string }>;
};
