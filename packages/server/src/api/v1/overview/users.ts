/** `/v1/users`: users by their devices, for whoever looks for one. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { RefusedError, refuse } from "../../../errors.ts";
import { searchUsers, type UserSummary } from "../../../overview/users.ts";
import { name } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { applicationsFor } from "../activations.ts";
import { closed, listOf, oneOrMany, pageSchema, paging, utc, utcSchema } from "../members.ts";

const query = closed({
  prefix: Type.Optional(Type.String({ ...name, description: "What the id begins with" })),
  applicationId: Type.Optional(oneOrMany(name)),
  limit: paging.limit,
  cursor: Type.Optional(Type.String({ maxLength: 1_500, description: "`nextCursor` of the page before" })),
});
const userSchema = closed({
  id: Type.String(),
  activeDevices: Type.Integer(),
  blockedDevices: Type.Integer(),
  otherDevices: Type.Integer({ description: "Removed, expired, or not finished" }),
  lastUsedAt: utcSchema,
});

export function userListRoutes(app: Api, deps: Pick<Deps, "store">): void {
  app.get(
    "/v1/users",
    {
      config: { permission: ["integrate", "operate"] },
      schema: { querystring: query, response: { 200: pageSchema(userSchema) } },
    },
    async ({ query: { prefix, applicationId, limit = "50", cursor }, apiClient }) => {
      const { rows, next } = await searchUsers(deps, {
        prefix,
        applications: applicationsFor(apiClient, listOf(applicationId)),
        after: cursor === undefined ? undefined : userOf(cursor),
        limit: Number(limit),
      });
      return { items: rows.map(userJson), ...(next !== undefined && { nextCursor: cursorOf(next) }) };
    },
  );
}

function cursorOf(userId: string): string {
  return Buffer.from(userId).toString("base64url");
}

function userOf(cursor: string): string {
  const userId = Buffer.from(cursor, "base64url").toString();
  if (cursorOf(userId) !== cursor || userId.includes("\0")) {
    throw new RefusedError(refuse("invalid-request", "cursor - none of ours"));
  }
  return userId;
}

function userJson({ userId, active, blocked, others, lastUsedAt }: UserSummary) {
  return {
    id: userId,
    activeDevices: active,
    blockedDevices: blocked,
    otherDevices: others,
    lastUsedAt: utc(lastUsedAt),
  };
}
