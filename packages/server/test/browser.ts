/** A browser without a screen: keeps cookies, follows what it is told to, and stops at addresses of others. */
import assert from "node:assert/strict";

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly url: string;
}

export function browser(origin: string) {
  const jar: { readonly name: string; readonly value: string; readonly path: string }[] = [];

  const cookiesFor = (path: string) =>
    jar
      .filter((cookie) => path.startsWith(cookie.path))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");

  const keep = (headers: Headers) => {
    for (const text of headers.getSetCookie()) {
      const [pair = "", ...attributes] = text.split("; ");
      const name = pair.slice(0, pair.indexOf("="));
      const path = attributes.find((one) => one.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
      const at = jar.findIndex((one) => one.name === name && one.path === path);
      if (at !== -1) jar.splice(at, 1);
      if (!/expires=Thu, 01 Jan 1970/i.test(text)) jar.push({ name, value: pair.slice(name.length + 1), path });
    }
  };

  const one = async (url: string, method: string): Promise<Page> => {
    const cookie = cookiesFor(new URL(url).pathname);
    const response = await fetch(url, { method, redirect: "manual", headers: cookie === "" ? {} : { cookie } });
    keep(response.headers);
    return { status: response.status, headers: response.headers, text: await response.text(), url };
  };

  return {
    jar,
    one,
    /** The page, or the address of somebody else that it was sent to. */
    async go(url: string, method = "GET"): Promise<Page> {
      let page = await one(url, method);
      for (let hops = 0; page.status >= 300 && page.status < 400; hops++) {
        assert.ok(hops < 6, "redirected in circles");
        const next = new URL(page.headers.get("location") ?? "", page.url).href;
        if (!next.startsWith(origin)) return { ...page, url: next };
        page = await one(next, "GET");
      }
      return page;
    },
  };
}
