/**
 * How long until a person can use the authenticator, with a processor four times slower than this one? Measured from the
 * start of the navigation until the first button is there, against a page with nothing but an empty script.
 */
import type { Browser } from "playwright-core";
import { sizes } from "../conformance/web/look.ts";
import { openScene, pageAddress } from "../conformance/web/scene.ts";
import { servePage } from "../tools/browser.ts";

const rounds = 7;
const slowdown = 4;

export async function authenticatorBench(say: (line: string) => void): Promise<Record<string, number | null>> {
  const scene = await openScene("phone");
  const empty = await servePage("document.body.append(document.createElement('button'))");
  try {
    const page = await median(scene.browser, pageAddress(scene));
    const anchor = await median(scene.browser, empty.origin);
    say(`authenticator: ${page.toFixed(0)} ms until it can be used; an empty page: ${anchor.toFixed(0)} ms`);
    return { "authenticator/empty": page / anchor };
  } finally {
    await empty.close();
    await scene.close();
  }
}

/** Milliseconds. Each time a browser profile that knows nothing. */
async function median(browser: Browser, address: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: sizes.phone, serviceWorkers: "block" });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    await page.addInitScript(noteFirstButton);
    await page.goto(address);
    await page.waitForFunction(() => "usableAt" in globalThis);
    times.push(await page.evaluate(() => (globalThis as unknown as { usableAt: number }).usableAt));
    await context.close();
  }
  return times.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
}

/** Runs in the page, before anything of it: notes when a button is there, and the script that made it has ended. */
function noteFirstButton(): void {
  const observer = new MutationObserver(() => {
    if (document.querySelector("button") === null) return;
    observer.disconnect();
    setTimeout(() => Object.assign(globalThis, { usableAt: performance.now() }));
  });
  observer.observe(document, { childList: true, subtree: true });
}
