/**
 * One build for each page: `vite build --mode authenticator`, `console` or `demo`, each whole in `dist/<page>`, because
 * they are served by different listeners. `tools/build-web.ts` builds what is older than its sources.
 */
import { defineConfig, mergeConfig } from "vite";
import { withBrand } from "./vite-brand.ts";
import { listFilesForWorker } from "./vite-worker.ts";

/**
 * The authenticator's scripts, each with all it needs that none before it has: the first screen, all others with the SDK,
 * and Approve. Left to itself the bundler would make a script of whatever two of them share.
 */
const groups = [
  { name: "first", test: /authenticator\/main\.tsx$/, priority: 3 },
  { name: "screens", test: /authenticator\/Screens\.tsx$/, priority: 2 },
  { name: "approve", test: /client\/(src|dist)\/(approve\/index|storage\/webcrypto-keys)\.[jt]s$/, priority: 1 },
];

export default defineConfig(({ mode: page }) => {
  const root = `${import.meta.dirname}/src/${page}`;
  const input: Record<string, string> = { index: `${root}/index.html` };
  if (page === "authenticator") input["service-worker"] = `${root}/service-worker.ts`;
  // Given by tools/build-web.ts.
  const { COUNTERSIGN_BRAND: brand } = process.env;
  const config = {
    root,
    base: `/${page}/`,
    resolve: { conditions: ["@countersign/source", "browser", "module", "import", "default"] },
    oxc: { jsx: { runtime: "automatic" as const, importSource: "preact" } },
    build: {
      outDir: `${import.meta.dirname}/dist/${page}`,
      emptyOutDir: true,
      target: "es2022",
      // The policy of the pages knows no data: for scripts and styles, and a polyfill would be one more script.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input,
        output: {
          entryFileNames: ({ name }: { readonly name: string }) =>
            name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js",
          ...(page === "authenticator" && { codeSplitting: { groups } }),
        },
      },
    },
    plugins: page === "authenticator" ? [listFilesForWorker()] : [],
  };
  return brand === undefined || page !== "authenticator"
    ? config
    : mergeConfig(config, withBrand(brand, `${root}/public`));
});
