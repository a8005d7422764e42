/**
 * `/approve/v1/open#ref={code}`: where the link of a code leads whoever has no app that takes such links. The code stands
 * behind `#`, which browsers do not send: the page knows nothing, asks for nothing, and runs nothing.
 */
import type { Api } from "../surfaces.ts";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Open the app</title>
</head>
<body>
<main>
<h1>Open the app</h1>
<p>This link is for the app in which you approve. Open the app on your phone and scan the code on the page you came from.</p>
<p>If you did not ask for anything, close this page.</p>
</main>
</body>
</html>
`;

export function openRoutes(app: Api): void {
  app.get("/approve/v1/open", (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header(
        "content-security-policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      .header("referrer-policy", "no-referrer")
      .header("x-content-type-options", "nosniff")
      .header("cache-control", "public, max-age=3600")
      .send(page),
  );
}
