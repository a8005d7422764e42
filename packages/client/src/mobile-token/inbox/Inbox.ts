/** Inbox of the Mobile Token API: what the application wrote to this person. */
import { isRecord, type CallOptions } from "../../engine/transport.ts";
import { callWithToken, type Connection } from "../connection.ts";
import { MobileTokenError } from "../MobileTokenError.ts";
import {
  readInboxDetail,
  readInboxMessage,
  type InboxCount,
  type InboxMessage,
  type InboxMessageDetail,
} from "./message.ts";

const base = "/api/inbox";

/** All methods throw `MobileTokenError` and need a valid activation. */
export class Inbox {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async getUnreadCount(options?: CallOptions): Promise<InboxCount> {
    const answer = await callWithToken(this.#connection, `${base}/count`, undefined, options);
    const countUnread = isRecord(answer) ? answer.countUnread : undefined;
    if (typeof countUnread !== "number") throw invalidResponse();
    return { countUnread };
  }

  /** A page of messages, newest first; pages count from 0. A message without id is left out. */
  async getMessageList(
    page: number,
    size: number,
    onlyUnread: boolean,
    options?: CallOptions,
  ): Promise<InboxMessage[]> {
    return (await this.#page(page, size, onlyUnread, options)).messages;
  }

  /** Fails with the server's code `INBOX_FAILED` when there is no such message for this person. */
  async getMessageDetail(messageId: string, options?: CallOptions): Promise<InboxMessageDetail> {
    const answer = await callWithToken(this.#connection, `${base}/message/detail`, { id: messageId }, options);
    const message = readInboxDetail(answer);
    if (message === undefined) throw invalidResponse();
    return message;
  }

  async markRead(messageId: string, options?: CallOptions): Promise<void> {
    await callWithToken(this.#connection, `${base}/message/read`, { id: messageId }, options);
  }

  async markAllRead(options?: CallOptions): Promise<void> {
    await callWithToken(this.#connection, `${base}/message/read-all`, undefined, options);
  }

  /**
   * Page after page, until one is not full or there are `messageLimit` messages (0 for no limit). Up to one page more
   * than the limit may come back. A message that moves from page to page while they are fetched is there once.
   */
  async getAllMessages(
    pageSize = 100,
    messageLimit = 1000,
    onlyUnread = false,
    options?: CallOptions,
  ): Promise<InboxMessage[]> {
    const all = new Map<string, InboxMessage>();
    for (let page = 0; ; page++) {
      const known = all.size;
      const { messages, received } = await this.#page(page, pageSize, onlyUnread, options);
      for (const message of messages) all.set(message.id, message);
      const enough = messageLimit > 0 && all.size >= messageLimit;
      // Nothing new: a server that does not know pages would answer like this for ever.
      if (received < pageSize || enough || all.size === known) return [...all.values()];
    }
  }

  async #page(page: number, size: number, onlyUnread: boolean, options: CallOptions | undefined) {
    const request = { page, size, onlyUnread };
    const answer = await callWithToken(this.#connection, `${base}/message/list`, request, options);
    if (!Array.isArray(answer)) throw invalidResponse();
    const messages = answer.flatMap((value: unknown) => readInboxMessage(value) ?? []);
    return { messages, received: answer.length };
  }
}

function invalidResponse(): MobileTokenError {
  return new MobileTokenError("network_invalidResponseObject", "The server's answer is not of the inbox");
}
