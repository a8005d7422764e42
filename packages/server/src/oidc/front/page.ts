/** The pages a person sees in the browser. Texts of others are escaped, and keep their direction to themselves. */

export interface Waiting {
  /** Who asks. */
  readonly client: string;
  readonly uid: string;
  /** Path that the pages stand below. */
  readonly root: string;
  /** To be entered or compared on the device. */
  readonly number?: string;
  /** Where nobody is known yet: whoever scans this is asked. */
  readonly code?: { readonly svg: string; readonly link: string };
}

export function waitingPage({ client, uid, root, number, code }: Waiting): string {
  const who = `<bdi>${escaped(client)}</bdi>`;
  const body =
    code === undefined
      ? `<h1>Confirm on your device</h1>
<p class="lead"><strong>${who}</strong> asks you to confirm. Open the app on your device and check what it shows.</p>
${number === undefined ? "" : `<p class="label" id="number">Number for your device</p>\n<p class="number" aria-labelledby="number">${number.slice(0, 3)}&#8239;${number.slice(3)}</p>`}
<p class="wait" role="status"><span class="dot" aria-hidden="true"></span>Waiting for your answer</p>`
      : `<h1>Scan with your app</h1>
<p class="lead"><strong>${who}</strong> asks you to confirm. Scan this code with the app on your device.</p>
<div class="code" role="img" aria-label="QR code for your app">${code.svg}</div>
<p class="open"><a href="${escaped(code.link)}">Open the app on this device</a></p>
<p class="wait" role="status"><span class="dot" aria-hidden="true"></span>Waiting for you to scan</p>`;
  return page(
    code === undefined ? "Confirm on your device" : "Scan with your app",
    `<main>
${body}
<form method="post" action="${root}/${escaped(uid)}/cancel"><button>Cancel</button></form>
</main>
<p class="note">Confirm only what you started yourself. Nobody will ever call you and ask you to confirm.</p>`,
    root,
    `<script src="${root}/page.js" defer></script>\n<noscript><meta http-equiv="refresh" content="3"></noscript>\n`,
  );
}

/** `code` is the provider's error; nothing else is told. */
export function failurePage(code: string, root: string): string {
  const [title, text] = failures[code] ?? [
    "This did not work",
    "Go back to the website or app you came from and try again.",
  ];
  return page(
    title,
    `<main><h1>${title}</h1><p class="lead">${text}</p><p class="label">${escaped(code)}</p></main>`,
    root,
  );
}

const failures: Readonly<Record<string, readonly [string, string]>> = {
  session_not_found: [
    "This request is over",
    "It has expired, was finished, or belongs to another browser. Start again where you came from.",
  ],
  invalid_request_uri: ["This request is over", "It has expired or was used before. Start again where you came from."],
};

function page(title: string, body: string, root: string, head = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${root}/page.css">
${head}</head>
<body>
${body}
</body>
</html>
`;
}

const marks: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => marks[mark] ?? "");
}
