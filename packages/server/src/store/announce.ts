/**
 * What leaves the server after a commit: events for sinks, through the outbox, and hints for whoever waits or watches.
 *
 * A hint names what changed and whose it is, and says no more. Hints can be lost (a node dies, a connection breaks), so
 * everybody who listens also looks at the rows now and then.
 */
import type { EventDraft } from "../audit/event.ts";
import type { ChainedEvent } from "../audit/chain.ts";
import type { SinkType } from "./schema.ts";

/** Which events each type of sink hears of; one row per type. */
export const interests: Readonly<Record<SinkType, (eventType: string) => boolean>> = {
  ACTIVATION_STATUS_CHANGE: (type) => type.startsWith("activation."),
  OPERATION_STATUS_CHANGE: (type) => type.startsWith("operation."),
  WEBHOOK: (type) => /^(activation|operation|enrolment|container|user)\./.test(type),
  SECURITY_EVENTS: (type) =>
    /^(user\.(suspended|unblocked)|container\.clone-suspected|activation\.blocked)$/.test(type),
  PUSH: (type) => type === "push.requested",
  BACKCHANNEL: (type) => type === "backchannel.due",
  PUSH_FINISHED: (type) => /^operation\.(approved|rejected|canceled|expired|failed)$/.test(type),
};

const sinkTypes = new Map<string, readonly SinkType[]>();

/** Types of the sinks that want to hear of an event. Empty for most events. */
export function sinkTypesOf(eventType: string): readonly SinkType[] {
  let found = sinkTypes.get(eventType);
  if (found === undefined) {
    found = (Object.keys(interests) as SinkType[]).filter((type) => interests[type](eventType));
    sinkTypes.set(eventType, found);
  }
  return found;
}

/** An event that a sink or a stream may want to hear of. */
export interface Announced {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly at: number;
  readonly payload: string;
  readonly applications: readonly string[];
  /** The one sink that hears of it, where it is not all that listen. */
  readonly sink: string | null;
  readonly userId: string | undefined;
}

/** Events that streams and waiting requests are told of. */
export function isHinted(eventType: string): boolean {
  return /^(activation|operation|inbox)\./.test(eventType) || isAboutAccess(eventType);
}

/** Events about who may use an API: they belong to no application, and no sink hears of them. */
function isAboutAccess(eventType: string): boolean {
  return /^(api-client|console|oidc-client)\./.test(eventType);
}

/** Undefined for an event that nobody outside may hear of. */
export function announcementOf(row: ChainedEvent["row"], draft: EventDraft): Announced | undefined {
  if (draft.applications.length === 0 && !isAboutAccess(row.type)) return undefined;
  if (sinkTypesOf(row.type).length === 0 && !isHinted(row.type)) return undefined;
  const { userId } = draft.data;
  return {
    id: row.id,
    type: row.type,
    subject: row.subject,
    at: row.at,
    payload: row.payload!,
    applications: draft.applications,
    sink: draft.sink ?? null,
    userId: typeof userId === "string" ? userId : undefined,
  };
}

/** What changed: the type of the event, the id of its subject, and whose it is. */
export type Hint = Pick<Announced, "type" | "subject" | "userId" | "applications">;

export interface Committed {
  readonly hints: readonly Hint[];
  /** Rows were added to the outbox. */
  readonly queued: boolean;
  /** Hints were lost: look at everything. */
  readonly missed: boolean;
}

export type CommitListener = (committed: Committed) => void;

export interface CommitHub {
  publish(committed: Partial<Committed>): void;
  /** Returns how to stop listening. */
  subscribe(listener: CommitListener): () => void;
}

export function commitHub(): CommitHub {
  const listeners = new Set<CommitListener>();
  return {
    publish({ hints = [], queued = false, missed = false }) {
      if (hints.length === 0 && !queued && !missed) return;
      for (const listener of listeners) {
        try {
          listener({ hints, queued, missed });
        } catch (error) {
          // What was committed stays committed, whatever becomes of the news.
          process.emitWarning(error instanceof Error ? error : String(error));
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
