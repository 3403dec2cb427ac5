import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { seriousFindings } from "./browser.js";

/** Marks all that can be operated with a number, in the order of the page; one stop for what arrow keys walk. */
const mark = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")].filter(
      (element) => element.checkVisibility() && !element.matches(":disabled, [tabindex='-1']"),
    );
    return all.map((element, i) => {
      element.setAttribute("data-stop", String(i));
      return element.outerHTML.slice(0, 120);
    });
  });

/** What has the focus, and how one sees it. */
const focused = (page: Page): Promise<{ stop: number; ring: boolean }> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const rings = [element, element.parentElement!].map((each) => getComputedStyle(each));
    return {
      stop: Number(element.dataset.stop ?? -1),
      ring: rings.some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && outlineWidth !== "0px"),
    };
  });

/** Where the sheets of the part that is shown are, from the top. */
const sheets = async (page: Page): Promise<{ name: string; left: number; top: number; bottom: number }[]> => {
  const found = await page.locator("section:not([hidden]) .sheet").evaluateAll((all) =>
    all.map((sheet) => {
      const { left, top, bottom } = sheet.getBoundingClientRect();
      return { name: sheet.querySelector("h2")?.textContent ?? "", left, top, bottom };
    }),
  );
  return found.toSorted((a, b) => a.top - b.top);
};

/** Lines that the tabs take, and the title with the choice of a theme. */
const linesOf = (page: Page): Promise<number[]> =>
  page.evaluate(() =>
    [".top nav a", ".top h1, .top .theme"].map((selector) => {
      const boxes = [...document.querySelectorAll(selector)].map((each) => each.getBoundingClientRect());
      return boxes.filter(({ top }, i) => i === 0 || top >= boxes[i - 1]!.bottom).length;
    }),
  );

/** The part that is shown has so many columns at these widths, none with a gap; on a phone its controls come first. */
export async function expectColumns(page: Page, columnsAt: Readonly<Record<number, number>>): Promise<void> {
  for (const [width, expected] of Object.entries(columnsAt)) {
    await page.setViewportSize({ width: Number(width), height: 900 });
    expect(await linesOf(page)).toEqual([1, 1]);
    const all = await sheets(page);
    const lefts = [...new Set(all.map(({ left }) => left))];
    expect(lefts.length).toBe(expected);
    for (const at of lefts) {
      const column = all.filter(({ left }) => left === at);
      const gaps = column.slice(1).map(({ name, top }, i) => [name, Math.round(top - column[i]!.bottom)]);
      expect(gaps).toEqual(column.slice(1).map(({ name }) => [name, 16]));
    }
  }
  await page.setViewportSize({ width: 400, height: 800 });
  expect(await linesOf(page)).toEqual([1, 1]);
  expect((await sheets(page))[0]?.name).toBe("Training");
  // nor does a chart that is still as wide as before
  const [chart] = await page.locator(".u-wrap:visible").all();
  await chart?.evaluate((wrap: HTMLElement) => (wrap.style.width = "500px"));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
  const { y, height } = (await page.getByRole("button", { name: "Train", exact: true }).boundingBox())!;
  expect(y + height).toBeLessThan(800);
  await page.setViewportSize({ width: 1280, height: 900 });
}

/**
 * Tests of a part that hold for all, on a page that the test before has left with everything on it that the part can have.
 * They leave it in light colours, as wide as a phone.
 */
export function audited(part: string, pageOf: () => Page | Promise<Page>): void {
  describe(`${part}, audited`, () => {
    test("Tab reaches every control once, in order, each with a ring around it and a name of its own", async () => {
      const page = await pageOf();
      const controls = await mark(page);
      expect(controls.length).toBeGreaterThan(12);
      await page.evaluate(() => {
        document.body.tabIndex = -1;
        document.body.focus();
      });
      const stops: number[] = [];
      for (let i = 0; i < controls.length; i++) {
        await page.keyboard.press("Tab");
        const { stop, ring } = await focused(page);
        expect(ring, `no ring around ${controls[stop]}`).toBe(true);
        stops.push(stop);
      }
      expect(stops).toEqual(controls.map((__, i) => i));
      const names = (await page.locator("body").ariaSnapshot()).match(
        /(?<=- )(button|link|combobox|spinbutton|slider|textbox) "[^"]*"/g,
      );
      expect(names?.length).toBeGreaterThan(12);
      expect(names?.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    });

    for (const [theme, width] of [
      ["dark", 400],
      ["dark", 1280],
      ["light", 1280],
      ["light", 400],
    ] as const)
      test(`axe finds nothing serious: ${theme}, ${width} pixels; nothing is wider than the page`, {
        tags:
          (theme === "light" && width === 400) || (theme === "dark" && width === 1280 && part === "plane")
            ? []
            : ["long"],
      }, async () => {
        const page = await pageOf();
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme: theme });
        expect(await seriousFindings(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      });
  });
}
