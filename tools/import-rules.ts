/**
 * The arrows of ARCHITECTURE.md as data: which package may import which, which files may know Node, HTTP or a given
 * library. Read by check-imports.ts, which holds the rules that need no table.
 */

/** Allowed arrows between packages, types included. */
export const arrows: Record<string, readonly string[]> = {
  protocol: [],
  client: ["protocol"],
  "relying-party": ["protocol"],
  server: ["protocol"],
  cli: ["server", "client", "relying-party"],
  web: ["client", "relying-party"],
};

/** A file that `from` matches must not import what `to` matches (a path, a package, or `node:…`). */
export interface Rule {
  readonly from: RegExp;
  readonly to: RegExp;
  /** Types are free: they are erased and tie nothing at run time. */
  readonly valuesOnly?: true;
  readonly why: string;
}

const server = "^packages/server/src/";
const http = /^(node:(http|https|http2|tls)|undici)$/;
export const rules: readonly Rule[] = [
  {
    from: /^packages\/protocol\/src\/(?!crypto-node\.ts$)/,
    to: /^node:/,
    why: "protocol runs everywhere: only src/crypto-node.ts knows Node",
  },
  {
    from: /^packages\/client\/src\/(?!storage\/file\.ts$|platform\/pinned-fetch\.ts$)/,
    to: /^node:/,
    why: "client runs everywhere: only src/storage/file.ts and src/platform/pinned-fetch.ts know Node",
  },
  { from: /^packages\/web\/src\//, to: /^node:/, why: "web runs in a browser" },
  {
    from: /^packages\/(?!protocol\/src\/crypto-[a-z]+\.ts$)[^/]+\/src\//,
    to: /^@noble\/(?!hashes\/argon2)/,
    why: "only protocol/src/crypto-*.ts knows @noble",
  },
  {
    from: /^packages\/(?!protocol\/src\/argon2\.ts$)[^/]+\/src\//,
    to: /^@noble\/hashes\/argon2/,
    why: "Argon2 belongs to protocol/src/argon2.ts",
  },
  {
    from: /^packages\/client\/src\/(engine|storage|biometry)\//,
    to: /^packages\/client\/src\/(mobile-token|approve)\//,
    why: "the engine does not know its faces",
  },
  {
    from: /^packages\/client\/src\/mobile-token\//,
    to: /^packages\/client\/src\/approve\//,
    why: "the two faces do not know each other",
  },
  {
    from: /^packages\/client\/src\/approve\//,
    to: /^packages\/client\/src\/mobile-token\//,
    why: "the two faces do not know each other",
  },
  {
    from: new RegExp(`${server}(?!api/|oidc/)[^/]+/`),
    to: new RegExp(`${server}(api|oidc|server\\.ts|main\\.ts)`),
    why: "domain and adapters know no HTTP: api → domain → store types",
  },
  {
    from: new RegExp(`${server}(?!api/|oidc/)[^/]+/`),
    to: /^(fastify|@fastify\/.*)$/,
    why: "domain and adapters know no HTTP",
  },
  {
    from: new RegExp(`${server}(?!store/)[^/]+/`),
    to: new RegExp(`${server}store/(?!(store|schema|errors)\\.ts$)`),
    valuesOnly: true,
    why: "of store/ only store.ts, schema.ts and errors.ts are for others; server.ts chooses the adapter",
  },
  { from: new RegExp(`${server}(?!oidc/)`), to: /^oidc-provider$/, why: "oidc/ is the only importer of oidc-provider" },
  {
    from: new RegExp(`${server}(?!outbound\\.ts$)`),
    to: http,
    valuesOnly: true,
    why: "outbound.ts is the only way out",
  },
  { from: /^packages\/[^/]+\/src\//, to: /^packages\/[^/]+\/test\//, why: "sources do not import tests" },
];
