/** Looks every two seconds whether the page is another, and goes on when the server sends the browser on. */
export const script = `"use strict";
const look = async () => {
  try {
    const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect" || !answer.ok) return location.reload();
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    const now = document.querySelector("main");
    if (next && next.innerHTML !== now.innerHTML) now.replaceWith(next);
  } catch {}
  setTimeout(look, 2000);
};
setTimeout(look, 2000);
`;
