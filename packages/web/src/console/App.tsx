/** The console around its pages: navigation, search, who is signed in, whether what is shown is live. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../design/components/Button.tsx";
import { Icon, type IconName } from "../design/components/Icon.tsx";
import { Application, Applications, Nowhere } from "./pages/Applications.tsx";
import { Audit } from "./pages/Audit.tsx";
import { Deliveries, Sinks } from "./pages/Deliveries.tsx";
import { Device } from "./pages/Device.tsx";
import { Devices } from "./pages/Devices.tsx";
import { Operation } from "./pages/Operation.tsx";
import { Operations } from "./pages/Operations.tsx";
import { Overview } from "./pages/Overview.tsx";
import { Search } from "./pages/Search.tsx";
import { SignIn } from "./pages/SignIn.tsx";
import { Template, Templates } from "./pages/Templates.tsx";
import { User, Users } from "./pages/Users.tsx";
import { may, session, signOut } from "./state/api.ts";
import { signOutWhenIdle } from "./state/idle.ts";
import { connection, follow } from "./state/live.ts";
import { go, route, to } from "./state/router.ts";
import "./styles/shell.css";

interface Place {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
  readonly permissions: readonly string[];
}

const places: readonly Place[] = [
  { path: "", name: "Overview", icon: "clock", permissions: [] },
  { path: "operations", name: "Operations", icon: "check", permissions: ["relying-party", "operate"] },
  { path: "users", name: "Users", icon: "globe", permissions: ["integrate", "operate"] },
  { path: "devices", name: "Activations", icon: "phone", permissions: ["integrate", "operate"] },
  { path: "containers", name: "Containers", icon: "lock", permissions: ["integrate", "operate"] },
  { path: "templates", name: "Templates", icon: "envelope", permissions: ["integrate"] },
  { path: "webhooks", name: "Webhooks", icon: "link", permissions: ["operate"] },
  { path: "audit", name: "Audit", icon: "shield", permissions: ["operate", "admin"] },
  { path: "applications", name: "Applications", icon: "bank", permissions: ["operate", "admin"] },
];

export function App() {
  const who = session.value;
  if (who === undefined) return <main class="blank" aria-busy="true" />;
  return who === null ? <SignIn /> : <Shell key={who.clientId} />;
}

function Shell() {
  const [open, setOpen] = useState(false);
  const { path, query } = route.value;
  const [place = ""] = path;
  useEffect(() => {
    const gone = new AbortController();
    void follow(gone.signal);
    const stop = signOutWhenIdle();
    return () => {
      gone.abort();
      stop();
    };
  }, []);
  useEffect(() => setOpen(false), [path]);
  const current = place === "callbacks" ? "webhooks" : place;
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <button
          type="button"
          class="menu"
          aria-expanded={open}
          aria-controls="navigation"
          onClick={() => setOpen((before) => !before)}
        >
          <span class="menu-lines" aria-hidden="true" />
          <span class="unseen">Navigation</span>
        </button>
        <a class="brand" href={to([])}>
          <span class="brand-mark">
            <Icon name="shield" size={20} />
          </span>
          <strong>Countersign</strong>
        </a>
        <SearchBox key={query.q ?? ""} q={query.q ?? ""} />
        <Live />
      </header>
      <nav id="navigation" class={`side${open ? " side-open" : ""}`} aria-label="Console">
        <ul>
          {places
            .filter(({ permissions }) => permissions.length === 0 || may(...permissions))
            .map(({ path: address, name, icon }) => (
              <li key={address}>
                <a
                  class="side-link"
                  href={to(address === "" ? [] : [address])}
                  aria-current={address === current ? "page" : undefined}
                >
                  <Icon name={icon} size={18} /> {name}
                </a>
              </li>
            ))}
        </ul>
        <Who />
      </nav>
      <main id="content" class="content" tabIndex={-1}>
        {page(path, query)}
      </main>
    </div>
  );
}

/** The address after `#` is the page's: it must not change. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function page(path: readonly string[], query: Readonly<Record<string, string>>): ComponentChildren {
  const [place = "", id] = path;
  switch (place) {
    case "":
      return <Overview />;
    case "operations":
      return id === undefined ? <Operations /> : <Operation key={id} id={id} />;
    case "users":
      return id === undefined ? <Users /> : <User key={id} id={id} />;
    case "devices":
      return id === undefined ? <Devices kind="activations" key="a" /> : <Device kind="activations" key={id} id={id} />;
    case "containers":
      return id === undefined ? <Devices kind="containers" key="c" /> : <Device kind="containers" key={id} id={id} />;
    case "templates":
      return id === undefined ? <Templates /> : <Template key={id} name={id} />;
    case "webhooks":
    case "callbacks":
      return id === undefined ? <Sinks /> : <Deliveries key={id} kind={place} id={id} />;
    case "audit":
      return <Audit />;
    case "applications":
      return id === undefined ? <Applications /> : <Application key={id} id={id} />;
    case "search":
      return <Search q={query.q ?? ""} />;
    default:
      return <Nowhere />;
  }
}

function SearchBox({ q }: { readonly q: string }) {
  const [text, setText] = useState(q);
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() !== "") go(to(["search"], { q: text.trim() }));
  };
  return (
    <form class="search" role="search" aria-label="Everything" onSubmit={submit}>
      <Icon name="search" size={18} />
      <input
        type="search"
        aria-label="Search by id, user or external id"
        placeholder="Id, user or external id"
        value={text}
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}

function Live() {
  const isLive = connection.value === "live";
  return (
    <span class={`live${isLive ? " live-on" : ""}`} role="status">
      <span class="live-dot" aria-hidden="true" />
      {isLive ? "Live" : "Connecting"}
    </span>
  );
}

function Who() {
  const who = session.value;
  if (who === null || who === undefined) return null;
  return (
    <div class="who">
      <div>
        <strong>{who.name}</strong>
        <span class="small soft">
          {who.applications === undefined ? "All applications" : who.applications.join(", ") || "No application"}
        </span>
      </div>
      <Button look="second" wide onClick={() => void signOut()}>
        Sign out
      </Button>
    </div>
  );
}
