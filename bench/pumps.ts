import { makeRng } from "@flowify/core/layer";

const SENSORS = [
  "acceleration_1",
  "acceleration_2",
  "current",
  "pressure",
  "temperature",
  "thermocouple",
  "voltage",
  "flow",
] as const;

/** What a fault does to the plant: `share` grows from 0 to 1 at its beginning, `age` counts its rows. */
type Fault = Readonly<{
  name: string;
  plant?(share: number): Readonly<{ valveIn?: number; valveOut?: number; heat?: number }>;
  sensors?(values: number[], share: number, age: number, normal: () => number): void;
}>;

const at = (name: (typeof SENSORS)[number]): number => SENSORS.indexOf(name);
const scale = (values: number[], name: (typeof SENSORS)[number], by: number): void => {
  values[at(name)] = (values[at(name)] as number) * by;
};
const shift = (values: number[], name: (typeof SENSORS)[number], by: number): void => {
  values[at(name)] = (values[at(name)] as number) + by;
};

/** Faults as those of SKAB (Katser and Kozitsin 2020), a water circulation with a pump, two valves and a motor. */
export const faults: readonly Fault[] = [
  { name: "inlet valve closes", plant: (share) => ({ valveIn: 1 - 0.6 * share }) },
  { name: "outlet valve closes", plant: (share) => ({ valveOut: 1 - 0.6 * share }) },
  { name: "inlet valve closes by a third", plant: (share) => ({ valveIn: 1 - 0.35 * share }) },
  {
    name: "rotor imbalance",
    sensors(values, share) {
      scale(values, "acceleration_1", 1 + 0.5 * share);
      scale(values, "acceleration_2", 1 + 0.3 * share);
    },
  },
  {
    name: "bearing",
    sensors: (values, share, _, normal) => scale(values, "acceleration_2", Math.exp(0.5 * share * normal())),
  },
  {
    name: "cavitation",
    sensors(values, share, _, normal) {
      scale(values, "flow", 1 - 0.08 * share);
      shift(values, "pressure", 0.08 * share * normal());
      scale(values, "acceleration_1", 1 + 0.25 * share);
    },
  },
  { name: "leak", sensors: (values, share) => scale(values, "flow", 1 - 0.12 * share) },
  { name: "overheating", plant: (share) => ({ heat: 8 * share }) },
  {
    name: "voltage sag",
    sensors: (values, share, _, normal) => shift(values, "voltage", share * (2 * normal() - 8)),
  },
  {
    name: "two-phase flow",
    sensors: (values, share, age) => shift(values, "flow", 1.5 * share * Math.sin((2 * Math.PI * age) / 9)),
  },
  { name: "current sensor drifts", sensors: (values, _, age) => shift(values, "current", 0.002 * age) },
  { name: "flow sensor sticks", sensors: () => {} },
];

const STUCK = "flow sensor sticks";
/** Rows until a fault is whole. */
const GROWS = 60;

/** Rows of a plant second by second, faulty from one row to another; 0 to 1 for each: normal or faulty. */
export function pumpRows(
  count: number,
  seed: number,
  fault?: Readonly<{ fault: Fault; from: number; to: number }>,
): { rows: number[][]; labels: number[] } {
  const random = makeRng(seed);
  const normal = (): number => random.normal();
  let [speed, wanted, voltage, temperature, fluid] = [1, 1, 0, 45, 25];
  let flow = 32;
  const rough = [0, 0];
  let stuck: number | undefined;
  const rows: number[][] = [];
  const labels: number[] = [];
  for (let i = 0; i < count; i++) {
    if (random.uniform() < 1 / 200) wanted = [0.8, 0.9, 1][random.integer(3)] as number;
    speed += 0.05 * (wanted - speed) + 0.002 * normal();
    const isFaulty = fault !== undefined && i >= fault.from && i < fault.to;
    const age = isFaulty ? i - fault.from : 0;
    const share = isFaulty ? Math.min(1, age / GROWS) : 0;
    const { valveIn = 1, valveOut = 1, heat = 0 } = (isFaulty && fault.fault.plant?.(share)) || {};
    const aim = 32 * speed * Math.min(valveIn, valveOut) ** 0.7;
    flow += 0.3 * (aim - flow) + 0.15 * normal();
    const pressure = 0.6 * speed ** 2 * (1.6 - 0.6 * valveOut) * (0.5 + 0.5 * valveIn);
    const current = 1.2 * speed + 0.02 * flow * pressure;
    voltage = 0.9 * voltage + 0.5 * normal();
    temperature += 0.02 * (20 + 14 * current + heat - temperature) + 0.03 * normal();
    fluid += 0.01 * (18 + 0.15 * temperature - fluid) + 0.01 * normal();
    for (const k of [0, 1]) rough[k] = 0.5 * (rough[k] as number) + 0.1 * normal();
    const values = [
      0.03 * speed ** 2 * Math.exp(rough[0] as number),
      0.04 * speed ** 2 * Math.exp(rough[1] as number),
      current + 0.03 * normal(),
      pressure + 0.02 * normal(),
      temperature + 0.05 * normal(),
      fluid + 0.02 * normal(),
      230 + voltage + 0.3 * normal(),
      flow + 0.3 * normal(),
    ];
    if (isFaulty) {
      fault.fault.sensors?.(values, share, age, normal);
      stuck ??= values[at("flow")];
      if (fault.fault.name === STUCK) values[at("flow")] = stuck as number;
    }
    rows.push(values);
    labels.push(Number(isFaulty));
  }
  return { rows, labels };
}

export const pumpCsv = (rows: readonly (readonly number[])[]): string =>
  `second,${SENSORS.join(",")}\n${rows.map((row, i) => [i, ...row.map((value) => value.toFixed(4))].join(",")).join("\n")}\n`;
