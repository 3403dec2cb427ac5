/**
 * Random numbers alone, for threads that load nothing else.
 *
 * @module @flowify/core/rng
 */
export { rngOf } from "../math/rng.js";
