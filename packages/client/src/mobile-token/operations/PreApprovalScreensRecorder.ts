/** Remembers how a person went through the screens before an approval, for the customer's fraud detection. */
import { synchronizeOnce } from "../../engine/time.ts";
import { requireInstance } from "../instances.ts";
import type { Extensible } from "../model/members.ts";
import type { PowerAuth } from "../PowerAuth.ts";
import type { MobileTokenDataRecord } from "./MobileTokenDataBuilder.ts";

/** What the person did to leave a screen. */
export const PreApprovalScreenAction = {
  CONTINUE: "CONTINUE",
  BACK: "BACK",
  CLOSE: "CLOSE",
  REJECT: "REJECT",
  SCAN: "SCAN",
} as const;
export type PreApprovalScreenAction = Extensible<keyof typeof PreApprovalScreenAction>;

/** Times are ISO 8601 in UTC with milliseconds, by the server's clock as far as it is known. */
export interface PreApprovalScreenVisit {
  readonly screen: string;
  readonly timestampOpened: string;
  /** Missing for a screen that another one covered without an end. */
  readonly timestampClosed?: string;
  readonly action?: PreApprovalScreenAction;
}

interface Visit {
  readonly screen: string;
  readonly opened: number;
  closed?: number;
  action?: PreApprovalScreenAction;
}

export class PreApprovalScreensRecorder implements MobileTokenDataRecord {
  readonly key = "preApprovalScreens";
  readonly #powerAuth: PowerAuth;
  #visits: Visit[] = [];
  #open: Visit | undefined;

  /** Time is the instance's. */
  constructor(powerAuth: PowerAuth) {
    this.#powerAuth = powerAuth;
  }

  /** A screen was opened. Nothing happens for an empty id, or for the screen that is open. */
  begin(id: string): this {
    if (id === "" || this.#open?.screen === id) return this;
    if (this.#open !== undefined) this.#visits.push(this.#open);
    this.#open = { screen: id, opened: this.#now() };
    return this;
  }

  /** The open screen was left. For one that is covered already, its visit is closed if it is the last one. */
  end(id: string, action: PreApprovalScreenAction): this {
    const visit = this.#open?.screen === id ? this.#open : this.#visits.at(-1);
    if (visit?.screen !== id || visit.closed !== undefined) return this;
    visit.closed = this.#now();
    visit.action = action;
    if (visit === this.#open) this.#settle();
    return this;
  }

  reset(): void {
    this.#visits = [];
    this.#open = undefined;
  }

  /** Closes an open visit, without an action. */
  async build(): Promise<readonly PreApprovalScreenVisit[]> {
    if (this.#open !== undefined) {
      this.#open.closed = this.#now();
      this.#settle();
    }
    const visits = [...this.#visits];
    const adjustment = await this.#adjustment();
    const iso = (time: number) => new Date(time + adjustment).toISOString();
    return visits.map(({ screen, opened, closed, action }) => ({
      screen,
      timestampOpened: iso(opened),
      ...(closed !== undefined && { timestampClosed: iso(closed) }),
      ...(action !== undefined && { action }),
    }));
  }

  #settle(): void {
    if (this.#open !== undefined) this.#visits.push(this.#open);
    this.#open = undefined;
  }

  #now(): number {
    return requireInstance(this.#powerAuth.instanceId).device.now();
  }

  /** Milliseconds to the server's time; none where it is not known. */
  async #adjustment(): Promise<number> {
    const { device } = requireInstance(this.#powerAuth.instanceId);
    await synchronizeOnce(device);
    return device.memory.clock.adjustment;
  }
}
