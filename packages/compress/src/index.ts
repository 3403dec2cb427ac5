/**
 * Lossless compression by the likelihood of a flow.
 *
 * @module @flowify/compress
 */
export type { StoredBits } from "./bit-stack.js";
export { type Codec, type CodecProgress, type Compressed, createCodec } from "./codec.js";
