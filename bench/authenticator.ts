/**
 * How long until a person can use the authenticator, with a processor four times slower than this one? Measured from the
 * start of the navigation until the first button is there, for a newcomer and for a person who comes back and is asked for
 * the PIN, against a page with nothing but an empty script. How long scripts ran until then is said beside it, because it
 * depends less on what else the machine does.
 */
import type { BrowserContext } from "playwright-core";
import { sizes } from "../conformance/web/look.ts";
import { connect, openPhone, openScene, pageAddress } from "../conformance/web/scene.ts";
import { servePage } from "../tools/browser.ts";

const rounds = 11;
const slowdown = 4;

export async function authenticatorBench(say: (line: string) => void): Promise<Record<string, number | null>> {
  const scene = await openScene("phone");
  const empty = await servePage("document.body.append(document.createElement('button'))");
  try {
    const known = await openPhone(scene, { serviceWorkers: "block" });
    await connect(scene, known, "anna");
    const kept = known.context();
    await known.close();
    const address = pageAddress(scene);
    const runs: Record<"newcomer" | "back" | "empty", Start[]> = { newcomer: [], back: [], empty: [] };
    // One after the other in every round, so that whatever else runs meets all of them.
    for (let round = 0; round < rounds; round++) {
      for (const [list, at] of [
        [runs.newcomer, address],
        [runs.empty, empty.origin],
      ] as const) {
        const context = await scene.browser.newContext({ viewport: sizes.phone, serviceWorkers: "block" });
        list.push(await start(context, at));
        await context.close();
      }
      runs.back.push(await start(kept, address));
    }
    const usable = (list: readonly Start[]) => spread(list.map((one) => one.usable));
    for (const [name, list] of Object.entries(runs)) {
      say(
        `${name}: ${shown(usable(list))} until it can be used, ${shown(spread(list.map((one) => one.script)))} of script`,
      );
    }
    const anchor = usable(runs.empty).median;
    return {
      "newcomer/empty": usable(runs.newcomer).median / anchor,
      "back/empty": usable(runs.back).median / anchor,
    };
  } finally {
    await empty.close();
    await scene.close();
  }
}

/** Milliseconds. */
interface Start {
  readonly usable: number;
  readonly script: number;
}

async function start(context: BrowserContext, address: string): Promise<Start> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const scriptTime = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? Number.NaN) * 1000;
  };
  await devtools.send("Performance.enable");
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  await page.addInitScript(noteFirstButton);
  const before = await scriptTime();
  await page.goto(address, { waitUntil: "commit" });
  const usable = await page.evaluate(() => (globalThis as unknown as { usableAt: Promise<number> }).usableAt);
  const script = (await scriptTime()) - before;
  await page.close();
  return { usable, script };
}

/** Runs in the page, before anything of it: notes when a button is there, and the script that made it has ended. */
function noteFirstButton(): void {
  const usableAt = new Promise<number>((resolve) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector("button") === null) return;
      observer.disconnect();
      setTimeout(() => resolve(performance.now()));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  Object.assign(globalThis, { usableAt });
}

function spread(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
  return { least: at(0), median: at(0.5), most: at(1) };
}

function shown({ least, median, most }: ReturnType<typeof spread>): string {
  return `${median.toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`;
}
