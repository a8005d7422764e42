/** The commands to continue by hand while the demo serves, ready to be copied into another terminal. */
import { join, resolve } from "node:path";
import { demoPin, names } from "./parties.ts";
import { payment } from "./play.ts";

export interface Serving {
  readonly publicUrl: string;
  readonly privateUrl: string;
  readonly bootstrapPath: string;
  /** What the bootstrap file says; another port may be in use now. */
  readonly recordedPrivateUrl: string;
  readonly directory: string;
  /** Of the demo bank's page. */
  readonly bankUrl: string;
}

export function howToGoOn(serving: Serving, env: NodeJS.ProcessEnv): string {
  const run = env.npm_lifecycle_event === undefined ? "countersign" : "npm run --silent countersign --";
  const { publicUrl, privateUrl, bootstrapPath, recordedPrivateUrl, directory, bankUrl } = serving;
  const settings = [
    `COUNTERSIGN_PROFILE=${quoted(join(directory, "device"))}`,
    ...(resolve(bootstrapPath) === resolve("data/bootstrap.json")
      ? []
      : [`COUNTERSIGN_BOOTSTRAP=${quoted(bootstrapPath)}`]),
    ...(recordedPrivateUrl === privateUrl ? [] : [`COUNTERSIGN_URL=${privateUrl}`]),
  ];
  const parameters = Object.entries({ ...payment, amount: "99.90", note: "Books" });
  const options = parameters.map(([name, value]) => `--parameter ${name}=${quoted(value)}`);
  return [
    "See it in a browser: open the bank, connect the authenticator in a second tab, pay, and approve.",
    "",
    `  demo bank        ${bankUrl}`,
    `  authenticator    ${publicUrl.replace("//127.0.0.1:", "//localhost:")}/authenticator/`,
    `  console          ${privateUrl}/console/`,
    "",
    "Or go on by hand, in another terminal:",
    "",
    ...settings.map((setting) => `  export ${setting}`),
    "",
    `  ${run} operation create --template ${names.template} --user ${names.user} \\`,
    `    --application ${names.application} \\`,
    `    ${options.slice(0, 3).join(" ")} \\`,
    `    ${options.slice(3).join(" ")}`,
    `  ${run} device list`,
    `  ${run} device approve OPERATION        # the PIN is ${demoPin}`,
    `  ${run} operation receipt OPERATION --output receipt.jws`,
    `  ${run} receipt verify receipt.jws \\`,
    `    --jwks ${publicUrl}/.well-known/countersign/jwks.json`,
    "",
    "Ctrl-C stops the server.",
  ].join("\n");
}

function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
