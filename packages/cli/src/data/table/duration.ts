const CLOCK = /^([+-]?)(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)$/;
const ISO =
  /^([+-]?)P(?=.)(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?=.)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/**
 * Seconds of a duration: `1:30:00` (hours, minutes, seconds), or ISO 8601 such as `PT1H30M` or `P2DT12H`. Months and years have no
 * fixed length, so they are no durations here.
 */
export function secondsOf(text: string): number | undefined {
  const [, sign, hours, minutes, seconds] = CLOCK.exec(text) ?? [];
  if (hours !== undefined)
    return signed(sign, HOUR * Number(hours) + MINUTE * Number(minutes) + Number(seconds));
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [w = 0, d = 0, h = 0, m = 0, s = 0] = found.slice(2).map((part) => Number(part ?? 0));
  return signed(found[1], DAY * (7 * w + d) + HOUR * h + MINUTE * m + s);
}

const signed = (sign: string | undefined, seconds: number): number => (sign === "-" ? -seconds : seconds);
