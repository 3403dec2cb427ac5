/**
 * Random bits. JavaScript, as what stands on it here, so that threads load it as it stands.
 */

/** The next 32 bits of xoshiro128++ (Blackman and Vigna 2021) as an unsigned integer. */
export function nextBits(state) {
  let [s0, s1, s2, s3] = [state[0], state[1], state[2], state[3]];
  const sum = (s0 + s3) | 0;
  const result = (((sum << 7) | (sum >>> 25)) + s0) >>> 0;
  const t = s1 << 9;
  s2 ^= s0;
  s3 ^= s1;
  s1 ^= s2;
  s0 ^= s3;
  s2 ^= t;
  s3 = (s3 << 11) | (s3 >>> 21);
  state[0] = s0;
  state[1] = s1;
  state[2] = s2;
  state[3] = s3;
  return result;
}
