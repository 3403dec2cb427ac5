import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectProblem, type Playground, silentWorkers, startPlayground } from "./browser.js";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(() => playground.close());

const addressOf = (config: object): string => `#/plane?config=${encodeURIComponent(JSON.stringify(config))}`;
const layers = [
  { kind: "linear", out: 2 },
  { kind: "leakyRelu", slope: 0.5 },
  { kind: "linear", out: 1 },
];
const expectText = (page: Page, words: string): Promise<void> => page.getByText(words).waitFor();
const text = (page: Page, id: string): Promise<string | null> => page.locator(id).textContent();

describe("storage", () => {
  /** The page trains, and says what does not last. */
  async function expectTraining(page: Page): Promise<void> {
    await expectText(page, "Trained: all 5 steps are done.");
    await expectText(page, "cannot store the page for offline use");
  }

  test("that is full", async () => {
    const page = await playground.open(addressOf({ layers, steps: 5 }), {
      serviceWorkers: "allow",
      before: async (fresh) => {
        const { origin } = new URL(playground.url);
        const devtools = await fresh.context().newCDPSession(fresh);
        await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 10_000 });
        await fresh.addInitScript(() => {
          try {
            localStorage.setItem("other", "x".repeat(5_242_875));
          } catch {
            // a document without an origin
          }
        });
      },
    });
    await expectTraining(page);
  });

  test("that is denied", { tags: ["long"] }, async () => {
    const page = await playground.open(addressOf({ layers, steps: 5 }), {
      serviceWorkers: "allow",
      before: (fresh) =>
        fresh.addInitScript(() => {
          const denied = {
            get: (): never => {
              throw new DOMException("denied", "SecurityError");
            },
          };
          Object.defineProperty(globalThis, "localStorage", denied);
          Object.defineProperty(navigator, "serviceWorker", denied);
        }),
    });
    await expectTraining(page);
  });
});

test("a tab that is put to sleep while it trains goes on when it is woken, to the numbers of one that was not", {
  tags: ["long"],
}, async () => {
  const config = addressOf({ layers, steps: 120 });
  const done = "Trained: all 120 steps are done.";
  const awake = await playground.open(config);
  await awake.getByText(done).waitFor();
  const wanted = await text(awake, "#plane-log-prob");

  const page = await playground.open(config);
  await expect
    .poll(async () => Number(await text(page, "#plane-step")), { timeout: 60_000 })
    .toBeGreaterThan(5);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((wake) => setTimeout(wake, 1500));
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await expectText(page, done);
  expect(await text(page, "#plane-log-prob")).toBe(wanted);
});

test("without workers examples are shown, and the page says so once it is asked for more", async () => {
  const page = await playground.open("#/images", {
    before: (fresh) => fresh.addInitScript(() => void Reflect.deleteProperty(globalThis, "Worker")),
  });
  for (const [tab, part] of [
    ["Images", "images"],
    ["Plane", "plane"],
  ]) {
    await page.getByRole("link", { name: tab!, exact: true }).click();
    const shown = page.locator(`#part-${part}`);
    await shown.getByRole("button", { name: "Watch it learn" }).click();
    await expectProblem(shown, "This browser has no web workers");
  }
  await page.getByRole("link", { name: "Your network", exact: true }).click();
  const network = page.locator("#part-network");
  const file = { name: "net.onnx", mimeType: "", buffer: Buffer.from("x") };
  await network.locator("input[type=file]").setInputFiles(file);
  await expectProblem(network, "This browser has no web workers");
});

test("the plane says that it loads while nothing is drawn", async () => {
  const page = await playground.open(addressOf({ seed: 1 }), { before: silentWorkers });
  await expectText(page, "Loading: the page compiles the network");
});

/** Drops empty files on the first element of this kind; true where the browser was kept from opening them. */
const drop = (page: Page, selector: string, names: readonly string[]): Promise<boolean> =>
  page
    .locator(selector)
    .first()
    .evaluate((element, all) => {
      const dataTransfer = new DataTransfer();
      for (const name of all) dataTransfer.items.add(new File(["x"], name));
      return !element.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, names);

const many = Array.from({ length: 300 }, (_, i) => `${i}.csv`);

let dropping: Page | undefined;
for (const [at, [place, names, words]] of (
  [
    [
      "images",
      many,
      "Found 0 pictures, expected at least 40. Archives have to be unpacked. Not readable as pictures: 0.csv",
    ],
    ["images run", many, "No run found: config.json is missing."],
    ["images run", ["config.json", ...many], "config.json: not JSON"],
    ["network", many, "No ONNX file found (0.csv, 1.csv, 2.csv, …)"],
    ["network", ["a.onnx", ...many], "301 files are too many."],
  ] as const
).entries())
  test(`many files dropped on ${place} at once are refused in words: ${words}`, {
    tags: at % 3 === 0 ? [] : ["long"],
  }, async () => {
    const [part = "", run] = place.split(" ");
    const hash = `#/${part}`;
    // one page for all that are dropped on a part: each message takes the place of the one before
    if (!dropping?.url().includes(`#/${part}`)) dropping = await playground.open(hash);
    const page = dropping;
    await page.locator(`#part-${part} .drop`).first().waitFor();
    expect(await drop(page, `#part-${part} .drop${run ? ":has-text('Open a run')" : ""}`, names)).toBe(true);
    await expectProblem(page, words);
    // beside the place for it a file does not take the page away
    expect(await drop(page, "body", names)).toBe(true);
  });
