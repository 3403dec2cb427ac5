import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { arrayColumns, type OpenDetector } from "../../../src/detect/detector.js";
import { type LogDensity, meanRepairs, usualValues } from "../../../src/detect/reasons/repairs.js";
import { tableReasoner } from "../../../src/detect/reasons/table-reasons.js";

/** Three columns: the second follows the first, the third is independent. */
function follows(seed: number, count: number): Float32Array {
  const rng = makeRng(seed);
  return Float32Array.from(
    Array.from({ length: count }, () => {
      const a = rng.normal();
      return [a, a + 0.1 * rng.normal(), rng.normal()];
    }).flat(),
  );
}

const logNormal = (x: number, std: number): number =>
  -0.5 * (x / std) ** 2 - Math.log(std) - 0.5 * Math.log(2 * Math.PI);

/** The density of these rows, and the sizes of the calls. */
function exactDensity(): { density: LogDensity; sizes: number[] } {
  const sizes: number[] = [];
  const density: LogDensity = async (rows) => {
    const count = rows.length / 3;
    sizes.push(count);
    return Array.from({ length: count }, (_, i) => {
      const [a, b, c] = rows.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
      return logNormal(a, 1) + logNormal(b - a, 0.1) + logNormal(c, 1);
    });
  };
  return { density, sizes };
}

describe("usual values", () => {
  it("are those at evenly spaced ranks of each column", () => {
    const rows = Float32Array.from({ length: 200 }, (_, i) => (i % 2 ? 99 - (i >> 1) : i >> 1));
    expect(usualValues(rows, 2, 4).map((each) => [...each])).toEqual([
      [12, 37, 62, 87],
      [12, 37, 62, 87],
    ]);
  });

  it("are missing in as many places as rows lack a value, behind all others", () => {
    const rows = Float32Array.of(5, Number.NaN, -3, Number.NaN, 1, 3);
    expect(usualValues(rows, 1).map((each) => [...each])).toEqual([[-3, 1, 3, 5, Number.NaN, Number.NaN]]);
  });
});

describe("the mean repair", () => {
  const training = follows(1, 2000);

  it("is how much likelier a row is where a value was drawn without a look at the others", async () => {
    const { density } = exactDensity();
    const row = Float32Array.of(1, -1, 0.5);
    const usual = usualValues(training, 3);
    const [own] = Array.from(await density(row));
    const [repairs] = await meanRepairs(density, row, [own!], usual);
    const logs = [...usual[1]!].map((b) => logNormal(1, 1) + logNormal(b - 1, 0.1) + logNormal(0.5, 1));
    const without = logNormal(1, 1) + logNormal(0.5, 1) + logNormal(-1, 1.005);
    expect(Math.abs(repairs![1]!.gain - (without - own!))).toBeLessThan(0.5);
    expect(repairs![1]!.best).toBeCloseTo(Math.max(...logs), 4);
    expect(usual[1]![repairs![1]!.value]).toBeCloseTo(1, 0);
  });

  it("is larger for a value that a third column speaks against than for one that is further out", async () => {
    const density: LogDensity = async (rows) =>
      Array.from({ length: rows.length / 3 }, (_, i) => {
        const [a, b, c] = rows.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
        return logNormal(a, 1) + logNormal(b - a, 0.1) + logNormal(c - a, 1);
      });
    const rows = follows(1, 2000).map((value, i, all) => (i % 3 === 2 ? value + all[i - 2]! : value));
    const row = Float32Array.of(0.1, 2, 2);
    const [repairs] = await meanRepairs(density, row, await density(row), usualValues(rows, 3));
    expect(repairs![0]!.gain).toBeGreaterThan(repairs![1]!.gain + 0.5);
  });

  it("falls slowly with the distance from the usual values, and takes a missing one as a value", async () => {
    const density: LogDensity = async (rows) =>
      Array.from(rows, (x) => (Number.isNaN(x) ? -9 : -Math.abs(x)));
    const usual = usualValues(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), 1);
    const rows = Float32Array.of(100, 1000, Number.NaN);
    const repairs = await meanRepairs(density, rows, await density(rows), usual);
    const [far, further, missing] = repairs.map(([repair]) => repair!.gain);
    expect(further! - far!).toBeCloseTo(900 - Math.log(995 / 95), 4);
    expect(missing).toBeGreaterThan(0);
  });

  it("takes any number of rows and columns in calls of a bounded size, with the same results", async () => {
    const { density, sizes } = exactDensity();
    const rows = follows(3, 1000);
    const usual = usualValues(training, 3);
    const own = Array.from(await density(rows));
    sizes.length = 0;
    const all = await meanRepairs(density, rows, own, usual);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1000 * 3 * usual[0]!.length);
    expect(Math.max(...sizes)).toBe(8192);
    const last = await meanRepairs(density, rows.subarray(3 * 999), own.slice(999), usual);
    expect(all[999]).toEqual(last[0]);
  });

  it("has a largest gain for a row without any density where a column gives it one", async () => {
    const density: LogDensity = async (rows) =>
      Array.from({ length: rows.length / 2 }, (_, i) =>
        Math.abs(rows[2 * i]!) > 10 ? Number.NEGATIVE_INFINITY : 0,
      );
    const usual = usualValues(Float32Array.of(1, 1, 2, 2), 2);
    const row = Float32Array.of(1e6, 0);
    const [repairs] = await meanRepairs(density, row, await density(row), usual);
    expect(repairs!.map(({ gain }) => gain)).toEqual([Number.MAX_VALUE, Number.NEGATIVE_INFINITY]);
  });
});

describe("the reasons of a row", () => {
  const training = follows(1, 2000);
  const { density } = exactDensity();
  type Choices = Readonly<{ judge?: LogDensity; least: number; threshold?: number }>;
  /** By rows of which those are usual whose density, or another score, is above the least. */
  const reasonerBy = ({ judge = density, least, threshold = 0.5 }: Choices) => {
    const scores: Partial<Record<string, LogDensity>> = { flow: density, combination: judge };
    const open: Pick<OpenDetector, "score" | "inRobustSpace"> = {
      score: async (rows, [kind]) => {
        const found = await scores[kind as string]?.(rows);
        return { [kind as string]: Float64Array.from(found ?? [], (each) => -each) } as never;
      },
      inRobustSpace: async (rows) => rows,
    };
    const places = Uint32Array.from({ length: training.length / 3 }, (_, place) => place);
    const calibrations = { combination: { scores: Float64Array.of(-least) } };
    const found = { detector: { columns: arrayColumns(3), reference: training, places }, calibrations };
    return tableReasoner(found as never, open as OpenDetector, "combination", threshold);
  };
  const reasoner = reasonerBy({ least: -6 });

  it("name the column that was swapped, more often than the deviation of columns does", async () => {
    const rows = follows(5, 300);
    const rng = makeRng(6);
    const swapped = Array.from({ length: 300 }, () => rng.integer(3));
    swapped.forEach((column, i) => {
      // far enough from the middle for a reason
      rows[3 * i + column] = column === 2 ? 5 : rows[3 * i + column]! > 0 ? -2 : 2;
    });
    const reasons = await reasoner.reasonsOf(rows);
    const isBlamed = (i: number): boolean => reasons[i]?.blamed[0]?.name === `column ${swapped[i]! + 1}`;
    const hits = swapped.filter((_, i) => isBlamed(i)).length;
    expect(hits / 300).toBeGreaterThan(0.7);
    expect(swapped.every((column, i) => column !== 2 || isBlamed(i))).toBe(true);
  });

  it("hold the fewest changes, to values that suit the rest of the row", async () => {
    const rows = Float32Array.of(1, -1, 0, 1, -1, 6, 0.3, 0.3, 0.3);
    const [one, two, none] = await reasoner.reasonsOf(rows);
    expect(one!.repair).toHaveLength(1);
    const changed = one!.repair[0]!;
    expect(Number(changed.value)).toBeCloseTo(changed.name === "column 1" ? -1 : 1, 0);
    expect(two!.repair.map(({ name }) => name)).toContain("column 3");
    expect(two!.repair).toHaveLength(2);
    expect(none!.repair).toEqual([]);
  });

  it("hold no repair where no three changes are enough", async () => {
    const never = reasonerBy({ least: -6, threshold: 1 });
    const [reasons] = await never.reasonsOf(Float32Array.of(0, 0, 0));
    expect(reasons!.repair).toEqual([]);
  });

  it("hold a repair by what the rows are judged by, where that is another score", async () => {
    const judge: LogDensity = async (rows) =>
      Array.from({ length: rows.length / 3 }, (_, i) => -Math.abs(rows[3 * i]! - 1.5));
    const [reasons] = await reasonerBy({ judge, least: -0.2 }).reasonsOf(Float32Array.of(0, 0, 5));
    expect(reasons!.blamed[0]!.name).toBe("column 3");
    expect(reasons!.repair.map(({ name }) => name)).toEqual(["column 1"]);
  });

  it("name the nearest training rows, the nearest first", async () => {
    const row = training.slice(3 * 77, 3 * 78);
    const [reasons] = await reasoner.reasonsOf(row);
    const [first, second, third] = reasons!.nearestNumbers.map((number) => number - 1);
    expect(first).not.toBe(77);
    const distance = (place: number): number =>
      Math.hypot(...[0, 1, 2].map((j) => training[3 * place + j]! - row[j]!));
    expect(distance(first!)).toBeLessThanOrEqual(distance(second!));
    expect(distance(second!)).toBeLessThanOrEqual(distance(third!));
    expect(distance(third!)).toBeLessThan(0.6);
    expect(reasons!.nearest).toEqual(reasons!.nearestNumbers.map(String));
  });
});
