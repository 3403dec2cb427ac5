import { defaultDevice } from "@jax-js/jax";
import { afterAll } from "vitest";

// test files that share a process leave jax-js's default device as they found it
const device = defaultDevice();
afterAll(() => void defaultDevice(device));
