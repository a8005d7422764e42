import type { JSX } from "preact";
import { Button } from "../../design/components/Button.tsx";
import { open } from "../state.ts";
import { inEuros } from "./words.ts";

/** The bank knows the prices; these are for show. */
const goods = [
  { item: "mug", title: "Stoneware mug", amount: "18.00" },
  { item: "blanket", title: "Wool blanket", amount: "89.50" },
  { item: "lamp", title: "Desk lamp", amount: "124.00" },
] as const;

export function Shop() {
  return (
    <section class="card" aria-labelledby="shop">
      <p class="over-title small soft">Partner shop</p>
      <h2 id="shop">Juniper Goods</h2>
      <ul class="goods">
        {goods.map(({ item, title, amount }) => (
          <li key={item} class={`good good-${item}`}>
            <svg viewBox="0 0 96 72" aria-hidden="true" class="good-picture">
              {pictures[item]}
            </svg>
            <p class="good-title">{title}</p>
            <p class="soft">{inEuros(amount)}</p>
            <Button
              wide
              look="second"
              aria-label={`Buy ${title}`}
              onClick={() => (open.value = { at: "order", title, amount, order: { item } })}
            >
              Buy
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const pictures: Readonly<Record<(typeof goods)[number]["item"], JSX.Element>> = {
  mug: (
    <>
      <path d="M28 22h34v26a12 12 0 01-12 12H40a12 12 0 01-12-12z" class="ink-fill" />
      <path d="M62 28h5a8 8 0 010 16h-5" class="ink-line" />
      <path d="M38 15c0-4 4-4 4-8M50 15c0-4 4-4 4-8" class="ink-line ink-thin" />
    </>
  ),
  blanket: (
    <>
      <path d="M20 20h56v34H20z" class="ink-fill" />
      <path d="M20 30h56M20 44h56M34 20v34M62 20v34" class="paper-line" />
      <path d="M24 54v6M34 54v6M44 54v6M52 54v6M62 54v6M72 54v6" class="ink-line ink-thin" />
    </>
  ),
  lamp: (
    <>
      <path d="M40 12l22 10-10 14-20-8z" class="ink-fill" />
      <path d="M42 30l-8 30M24 62h24" class="ink-line" />
      <path d="M62 30l8 10M54 36l3 12" class="ink-line ink-thin" />
    </>
  ),
};
