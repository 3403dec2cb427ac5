import { readFileSync } from "node:fs";
import { type Playground, startPlayground } from "@flowify/playground/browser";
import { atMost, type Check, fixed, type Row } from "./check.js";

/** Milliseconds of observing the main thread while the plane trains. */
const WATCHED = 30_000;
/** Longest task in milliseconds before anything moves on the page. */
const OPENING = 100;
/** Minutes of memory measurements. */
const MINUTES = 10;
/** More steps than these minutes allow. */
const LONG = { steps: 20_000 };

type Page = Awaited<ReturnType<Playground["open"]>>;
type Task = { at: number; lasted: number };
type Watch = { tasks: Task[]; frames: number[] };
const ms = fixed(0, " ms");
const kB = (value: number): string => `${(value / 1000).toFixed(0)} kB`;

/** Records long tasks and frame times from the beginning. Functions are anonymous, because tsx would wrap named ones. */
const watch = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const found: Watch = { tasks: [], frames: [] };
    Object.assign(globalThis, { found });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        found.tasks.push({ at: startTime, lasted: duration });
    }).observe({ type: "longtask", buffered: true });
    void (async () => {
      for (;;) found.frames.push(await new Promise(requestAnimationFrame));
    })();
  });

/** Memory of the page and its workers in bytes, after a garbage collection: of the processes that render, as Linux counts it. */
async function memoryOf(page: Page): Promise<number> {
  const own = await page.context().newCDPSession(page);
  await own.send("HeapProfiler.collectGarbage");
  await own.detach();
  const browser = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  await browser.detach();
  const statuses = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => readFileSync(`/proc/${id}/status`, "utf8"));
  return statuses.reduce((sum, text) => sum + 1024 * Number(/RssAnon:\s+(\d+)/.exec(text)?.[1]), 0);
}

/** The playground while it trains: its speed, its responsiveness and its memory. `npm run site -- --check` measures sizes and loading. */
export const page: Check = {
  name: "page",
  needs: [],
  slow: true,
  async run({ say }) {
    const served = await startPlayground();
    const rows: { [what: string]: Row } = {};
    try {
      const started = performance.now();
      const plane = await served.open(`#/plane?config=${encodeURIComponent('{"seed":1}')}`, {
        before: watch,
      });
      await plane.locator("#plane-integral", { hasText: /\d/ }).waitFor({ timeout: 120_000 });
      rows["first density of the moons"] = atMost(performance.now() - started, 20_000, ms);
      const integral = Number(await plane.locator("#plane-integral").textContent());
      rows["its integral, distance from 1"] = atMost(Math.abs(integral - 1), 0.02, fixed(4));
      const trains = await plane.evaluate(() => performance.now());
      await plane.waitForTimeout(WATCHED);
      const { tasks, frames } = await plane.evaluate(() => (globalThis as unknown as { found: Watch }).found);
      const watched = frames.filter((at) => at > frames.at(-1)! - WATCHED);
      const longest = (chosen: readonly Task[]): number => Math.max(0, ...chosen.map(({ lasted }) => lasted));
      rows[`longest task in ${WATCHED / 1000} s of training`] = atMost(
        longest(tasks.filter(({ at }) => at >= trains)),
        50,
        ms,
      );
      rows["longest task while the page opens"] = atMost(
        longest(tasks.filter(({ at }) => at < trains)),
        OPENING,
        ms,
      );
      const mean = (watched.at(-1)! - watched[0]!) / (watched.length - 1);
      rows["mean time of a frame"] = atMost(mean, 17, fixed(1, " ms"));

      const hash = `#/plane?config=${encodeURIComponent(JSON.stringify(LONG))}`;
      const long = await served.open(hash);
      const memory: number[] = [];
      for (let minute = 1; minute <= MINUTES; minute++) {
        await long.waitForTimeout(60_000);
        memory.push(await memoryOf(long));
        say(`minute ${minute}: ${kB(memory.at(-1)!)}`);
      }
      // workers collect their garbage when they like, so that the least of both halves is compared
      const least = (from: number, to: number): number => Math.min(...memory.slice(from, to));
      const growth = least(MINUTES / 2, MINUTES) - least(1, MINUTES / 2);
      rows[`least memory, growth in the second half of ${MINUTES} minutes`] = atMost(growth, 5_000_000, kB);
    } finally {
      await served.close();
    }
    return rows;
  },
};
