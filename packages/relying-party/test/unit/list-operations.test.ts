/** `listOperations`: every page, once, and what may go wrong between two of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RelyingPartyError } from "../../src/errors.ts";
import { type ListedOperation, type OperationFilter, operationsClient } from "../../src/operations.ts";

const operation = (id: string) => ({ id, status: "PENDING", data: "A1" });
const page = (items: unknown, nextCursor?: unknown) => ({ items, ...(nextCursor !== undefined && { nextCursor }) });

function bank(...answers: (object | Error)[]) {
  const asked: URL[] = [];
  const client = operationsClient({
    privateUrl: "http://127.0.0.1:8081",
    clientId: "shop",
    clientSecret: "s",
    pause: async () => undefined,
    fetch: async (input) => {
      asked.push(new URL(String(input)));
      const next = answers.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error("asked too often");
      return next instanceof Response ? next : Response.json(next);
    },
  });
  const all = async (filter?: OperationFilter, options?: { pageSize?: number; signal?: AbortSignal }) => {
    const ids: string[] = [];
    for await (const { id } of client.listOperations(filter, options)) ids.push(id);
    return ids;
  };
  return { client, asked, all };
}

function fails(code: string) {
  return (error: unknown) => error instanceof RelyingPartyError && error.code === code;
}

describe("listOperations", () => {
  test("goes from page to page by cursor, over empty ones too, and asks for no more than is looked at", async () => {
    const { client, asked, all } = bank(
      page([operation("1"), operation("2")], "c1"),
      page([], "c2"),
      page([operation("3")]),
      page([operation("1")], "c1"),
    );
    assert.deepEqual(await all({ userId: "anna" }, { pageSize: 2 }), ["1", "2", "3"]);
    assert.deepEqual(
      asked.map((url) => url.searchParams.get("cursor")),
      [null, "c1", "c2"],
    );
    assert.ok(asked.every((url) => url.searchParams.get("limit") === "2"));
    for await (const first of client.listOperations()) {
      assert.equal((first satisfies ListedOperation).id, "1");
      break;
    }
    assert.equal(asked.length, 4);
  });

  test("sends every condition that is given, and only those", async () => {
    const { all, asked } = bank(page([]), page([]));
    const createdFrom = new Date("2026-11-27T08:00:00+02:00");
    await all({
      userId: "a&b=c",
      externalId: "e",
      template: "t",
      statuses: ["PENDING", "EXPIRED"],
      applications: ["x", "y"],
      createdFrom,
    });
    assert.deepEqual(
      [...asked[0]!.searchParams],
      [
        ["limit", "50"],
        ["userId", "a&b=c"],
        ["externalId", "e"],
        ["template", "t"],
        ["status", "PENDING"],
        ["status", "EXPIRED"],
        ["applicationId", "x"],
        ["applicationId", "y"],
        ["createdFrom", "2026-11-27T06:00:00.000Z"],
      ],
    );
    await all();
    assert.deepEqual([...asked[1]!.searchParams], [["limit", "50"]]);
  });

  test("a page that got lost is asked for again; what is no page is said to be none", async () => {
    const lost = bank(page([operation("1")], "c"), new TypeError("fetch failed"), page([operation("2")]));
    assert.deepEqual(await lost.all(), ["1", "2"]);
    for (const wrong of [[], { items: {} }, page([{ id: 1 }]), page([operation("1")], 7), page([null])]) {
      await assert.rejects(bank(wrong).all(), fails("response-malformed"));
    }
    const refusal = { title: "No.", status: 404, code: "application-not-found" };
    await assert.rejects(bank(Response.json(refusal, { status: 404 })).all(), fails("application-not-found"));
  });
});
