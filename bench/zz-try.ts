import { readFileSync, writeFileSync } from "node:fs";
import { posterior } from "flowify/posterior";
import { tasks } from "./simulators.js";

const dir = "../../shared/data/posteriors";
const npy = (p: string): Float32Array => {
  const b = readFileSync(p);
  const h = b.readUInt16LE(8);
  const t = b.subarray(10 + h);
  return /<f8/.test(b.toString("latin1", 0, 80))
    ? Float32Array.from(new Float64Array(Uint8Array.from(t).buffer))
    : new Float32Array(Uint8Array.from(t).buffer);
};
const [name, ...rest] = process.argv.slice(2) as [string, ...string[]];
const opts = JSON.parse(rest[0] ?? "{}");
const task = tasks(npy(`${dir}/bernoulli_glm/stimulus.npy`))[name]!;
const t = performance.now();
let last = "";
const found = await posterior({
  ...task,
  simulations: 10000,
  seed: 1,
  ...opts,
  onProgress: (s: string, d: number) => {
    last = `${s} ${d.toFixed(2)}`;
  },
});
console.log(name, JSON.stringify(opts), ((performance.now() - t) / 1000).toFixed(0), "s", last);
const out: number[] = [];
for (let k = 1; k <= 5; k++) {
  const rows = await found.sample(10000, { observed: npy(`${dir}/${name}/observation_${k}.npy`), seed: k });
  for (const r of rows) out.push(...r);
}
writeFileSync(`/tmp/draws_${name}.f64`, new Uint8Array(Float64Array.from(out).buffer));
await found.dispose();
