import { openBackend } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import type { PlaneCalls } from "./calls.js";

export const planeHandlers: Handlers<keyof PlaneCalls> = {
  async "plane.device"({ backend }) {
    const executor = await openBackend(backend);
    return { device: executor.name };
  },
};
