import { makeRng, type Rng } from "@flowify/core/layer";

const PARCELS = 1200;
const SEED = 5;
const CARRIERS = ["road", "rail", "air"] as const;
const DAY = 86_400_000;
const FIRST_DAY = Date.UTC(2026, 0, 5);

/** Parcels whose cells are usual one by one, and do not fit each other: the row, its size, a column, and its value. */
const ODD: readonly (readonly [row: number, size: number, column: string, value: string])[] = [
  [57, 0.7, "weight", "3.10"],
  [148, -0.7, "weight", "17.50"],
  [233, -0.6, "price", "48.40"],
  [341, 0.6, "width", "22.5"],
  [462, 0.8, "carrier", "air"],
  [519, 0.5, "price", "6.90"],
];

/** A parcel of a size from −1 to 1: its volume sets the weight, weight and carrier set the price. */
function parcel(rng: Rng, row: number, size: number): Record<string, string> {
  const side = (usual: number): number => usual * Math.exp(size / 3 + 0.06 * rng.normal());
  const [length, width, height] = [side(42), side(30), side(18)];
  const weight = 0.00035 * length * width * height * Math.exp(0.1 * rng.normal());
  const share = rng.uniform();
  const carrier =
    weight > 13 ? CARRIERS[share < 0.6 ? 0 : 1] : CARRIERS[share < 0.4 ? 0 : share < 0.6 ? 1 : 2];
  const price = { road: 4, rail: 3, air: 7 }[carrier] + { road: 1.2, rail: 0.9, air: 2.6 }[carrier] * weight;
  const insured = rng.uniform();
  return {
    parcel: `P${String(row).padStart(4, "0")}`,
    sent: new Date(FIRST_DAY + DAY * Math.floor(90 * rng.uniform())).toISOString().slice(0, 10),
    length: length.toFixed(1),
    width: width.toFixed(1),
    height: height.toFixed(1),
    weight: weight.toFixed(2),
    carrier,
    insured: insured < 0.2 ? "" : insured < 0.5 ? "yes" : "no",
    price: (price * Math.exp(0.04 * rng.normal())).toFixed(2),
  };
}

/** What `example-detector.ts` writes, beside the page, and the column that names the parcels. */
export const STORED = { file: "parcels.safetensors", id: "parcel" } as const;

/** The example of the page: 1,200 parcels, six of which are odd. Always the same. */
export function exampleFile(): File {
  const rng = makeRng(SEED);
  const parcels = Array.from({ length: PARCELS }, (_, i) => {
    const odd = ODD.find(([row]) => row === i + 1);
    const size = 2 * rng.uniform() - 1;
    const usual = parcel(rng, i + 1, odd?.[1] ?? size);
    return odd ? { ...usual, [odd[2]]: odd[3] } : usual;
  });
  const lines = [Object.keys(parcels[0]!), ...parcels.map((each) => Object.values(each))];
  return new File([lines.map((line) => `${line.join(",")}\n`).join("")], "parcels.csv");
}
