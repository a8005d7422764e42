/** What a person who looks at a page would find wrong with it. Pictures go outside the repository. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";

export const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } } as const;
export type Size = keyof typeof sizes;

/** Where pictures of the pages go. */
const pictures = process.env.COUNTERSIGN_SCREENSHOTS ?? join(tmpdir(), "countersign-screenshots");

/**
 * Looks at the page as it stands, in both colour schemes: no violation that axe knows of, nothing wider than the screen.
 * Keeps a picture of each.
 */
export async function checkPage(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  const viewport = page.viewportSize();
  const size = viewport?.width === sizes.phone.width ? "phone" : "desktop";
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name}: ${overflow} pixels wider than the screen`);
  const own = await page.evaluate(() => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  const other = own === "dark" ? "light" : "dark";
  for (const colorScheme of [other, own] as const) {
    await page.emulateMedia({ colorScheme });
    // What is still moving in is looked at when it is there; what turns for ever is not waited for.
    await page.evaluate(async () => {
      const moving = document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity);
      await Promise.allSettled(moving.map((one) => one.finished));
    });
    await page.screenshot({ path: join(pictures, `${name}-${size}-${colorScheme}.png`) });
    // Structure is the same in both schemes, colours are not.
    const violations = await violationsOf(page, colorScheme === own ? [] : ["color-contrast"]);
    assert.deepEqual(violations, [], `${name}, ${size}, ${colorScheme}`);
  }
}

const axeSource = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

interface Axe {
  run(page: Document, options: object): Promise<{ violations: Violation[] }>;
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** By these rules of axe, or by all. */
async function violationsOf(page: Page, rules: readonly string[]): Promise<string[]> {
  // The page's policy admits no script but its own: this one comes in beside it.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  return page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const options = { resultTypes: ["violations"], ...(runOnly.length > 0 && { runOnly }) };
    const { violations } = await axe.run(document, options);
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" ")}`,
    );
  }, rules);
}
