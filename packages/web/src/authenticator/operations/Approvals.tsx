import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { accounts, findAccount } from "../accounts/accounts.ts";
import { toRenew } from "../accounts/renewal.ts";
import { failureOf } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { isOnline } from "../shell/network.ts";
import { addressOf } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import { PendingCard } from "./PendingCard.tsx";
import { failures, pending, pendingCount } from "./pending.ts";
import "./operations.css";

/** Everything that waits, the next to expire first. */
export function Approvals() {
  const t = texts.value;
  const items = pending.value;
  const several = (accounts.value?.length ?? 0) > 1;
  return (
    <section class="stack">
      <div class="stack stack-tight">
        <Heading>{t.list.title}</Heading>
        <p class="live-line small soft" role="status">
          {isOnline.value && <span class="live-dot" aria-hidden="true" />}
          {pendingCount.value > 0
            ? t.list.count(pendingCount.value)
            : items === undefined
              ? t.app.loading
              : t.list.update}
        </p>
      </div>
      <Failures />
      <Renewals />
      {items !== undefined && items.length === 0 && (
        <div class="empty">
          <div class="empty-mark" aria-hidden="true">
            <Icon name="shield" size={40} />
          </div>
          <h2>{t.list.empty}</h2>
          <p class="soft">{t.list.emptyText}</p>
        </div>
      )}
      <ul class="pending-list">
        {items?.map((item) => (
          <li key={`${item.account.id}/${item.id}`}>
            <PendingCard item={item} withAccount={several} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Keys that end soon, where the person has to be there. */
function Renewals() {
  const t = texts.value;
  return toRenew.value.map((id) => {
    const account = findAccount(id);
    if (account === undefined) return null;
    return (
      <Notice key={id} tone="info" title={t.renewal.due(account.name)}>
        <p>{t.renewal.dueText}</p>
        <a href={addressOf({ at: "renew", account: id })}>{t.renewal.renew}</a>
      </Notice>
    );
  });
}

function Failures() {
  const t = texts.value;
  return failures.value.map(({ id, failure }) => {
    const name = findAccount(id)?.name ?? "";
    const kind = failureOf(failure);
    // The bar above says that there is no connection.
    if (kind === "network" && !isOnline.value) return null;
    const isBlocked = kind === "blocked" || kind === "secret-wrong";
    return (
      <Notice key={id} tone="warning" live>
        {isBlocked ? t.list.blocked(name) : `${name}: ${t.list.failed}`}
      </Notice>
    );
  });
}
