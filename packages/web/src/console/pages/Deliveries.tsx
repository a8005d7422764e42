import { useState } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import { Ask } from "../parts/Ask.tsx";
import { Export } from "../parts/Export.tsx";
import { Make, type Values } from "../parts/Make.tsx";
import { Choice, Code, PageHead, Panel, Status, When } from "../parts/Pieces.tsx";
import { ListTable } from "../parts/Table.tsx";
import { plain } from "../parts/words.ts";
import { may, send } from "../state/api.ts";
import { type LoadedList, useItems, useList } from "../state/load.ts";
import { filter, route, to } from "../state/router.ts";
import type { Delivery, Sink } from "../state/shapes.ts";

export type SinkKind = "webhooks" | "callbacks";

const always = () => true;

/** Who is told of events, of both kinds. */
export function Sinks() {
  const webhooks = useItems<Sink>("/webhooks");
  const callbacks = useItems<Sink>("/callbacks");
  return (
    <>
      <PageHead title="Webhooks" lead="Who is told what happens, and what became of it.">
        <Export path="/webhooks" query={{}} name="webhooks" />
        {may("admin") && (
          <Make
            action="New webhook"
            fields={[
              { name: "applicationId", label: "Application" },
              { name: "name", label: "Name" },
              { name: "url", label: "Address", hint: "Gets every event of the application, signed." },
            ]}
            perform={makeWebhook}
            onDone={webhooks.again}
          />
        )}
      </PageHead>
      <Panel title="Webhooks">
        <SinkTable kind="webhooks" list={webhooks} />
      </Panel>
      <Panel title="Callbacks in PowerAuth form">
        <SinkTable kind="callbacks" list={callbacks} />
      </Panel>
    </>
  );
}

async function makeWebhook(values: Values): Promise<Values> {
  const { signingSecret } = await send<{ signingSecret: string }>("POST", "/webhooks", values);
  return { "Signing secret": signingSecret };
}

function SinkTable({ kind, list }: { readonly kind: SinkKind; readonly list: LoadedList<Sink> }) {
  return (
    <ListTable
      label={plain(kind)}
      list={list}
      rowKey={(sink) => sink.id}
      empty={`There are no ${kind}.`}
      columns={[
        {
          title: "Name",
          cell: (sink) => (
            <a class="table-link" href={to([kind, sink.id], { state: "DEAD" })}>
              <strong>{sink.name}</strong>
              <span class="soft small one-line">{sink.url}</span>
            </a>
          ),
        },
        { title: "State", cell: (sink) => <Status of={sink.enabled ? "ACTIVE" : "SWITCHED_OFF"} /> },
        { title: "Application", wide: true, cell: (sink) => sink.applicationId },
        { title: "Of", wide: true, cell: (sink) => plain(sink.type ?? "all events") },
        { title: "Since", wide: true, cell: (sink) => <When at={sink.createdAt} /> },
      ]}
    />
  );
}

/** What became of the events of one receiver; those that were given up can be sent again. */
export function Deliveries({ kind, id }: { readonly kind: SinkKind; readonly id: string }) {
  const { state } = route.value.query;
  const [replayed, setReplayed] = useState<number>();
  const sinks = useItems<Sink>(`/${kind}`);
  const sink = sinks.value?.find((one) => one.id === id);
  const path = `/${kind}/${encodeURIComponent(id)}`;
  const list = useList<Delivery>(`${path}/deliveries`, { state }, always);
  const replay = async (deliveries?: readonly string[]) => {
    const chosen = deliveries === undefined ? {} : { deliveries };
    const given = state === "DONE" ? "DONE" : "DEAD";
    const done = await send<{ replayed: number }>("POST", `${path}/replay`, { state: given, ...chosen });
    setReplayed(done.replayed);
  };
  const dead = list.value?.some((one) => one.state === "DEAD") === true;
  return (
    <>
      <PageHead
        title={sink?.name ?? "Deliveries"}
        lead={sink?.url}
        back={{ address: to(["webhooks"]), name: "Webhooks" }}
      >
        <Export path={`${path}/deliveries`} query={{ state }} name="deliveries" />
        {dead && (
          <Ask
            action="Send all dead letters again"
            title="Send all dead letters again?"
            text="Everything that was given up for this receiver is tried again, from the first attempt on."
            perform={() => replay()}
            onDone={list.again}
          />
        )}
      </PageHead>
      {replayed !== undefined && (
        <Notice tone="good" live>
          {replayed === 1 ? "1 delivery is sent again." : `${replayed} deliveries are sent again.`}
        </Notice>
      )}
      <div class="filters" role="search" aria-label="Deliveries">
        <Choice
          label="State"
          value={state ?? ""}
          options={[
            ["", "Any"],
            ["DEAD", "Dead letters"],
            ["PENDING", "Waiting"],
            ["DONE", "Delivered"],
          ]}
          onValue={(value) => filter({ state: value })}
        />
      </div>
      <ListTable
        label="Deliveries"
        list={list}
        rowKey={(one) => one.id}
        empty={state === "DEAD" ? "Nothing was given up." : "Nothing here."}
        columns={[
          {
            title: "Event",
            cell: ({ event }) => (
              <span class="table-link">
                <strong>{plain(event.type)}</strong>
                <a href={to(["search"], { q: event.subject })}>
                  <Code>{event.subject}</Code>
                </a>
              </span>
            ),
          },
          { title: "State", cell: (one) => <Status of={one.state} /> },
          { title: "Attempts", number: true, cell: (one) => one.attempts },
          {
            title: "Last failure",
            wide: true,
            cell: (one) => (one.lastFailure === undefined ? "" : plain(one.lastFailure)),
          },
          { title: "Happened", wide: true, cell: ({ event }) => <When at={event.at} /> },
          {
            title: "Action",
            cell: (one) =>
              one.state === "DEAD" ? (
                <Ask
                  action="Send again"
                  title="Send this event again?"
                  text="It is tried again, from the first attempt on."
                  perform={() => replay([one.id])}
                  onDone={list.again}
                />
              ) : null,
          },
        ]}
      />
    </>
  );
}
