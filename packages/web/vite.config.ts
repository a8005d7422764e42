/**
 * One build for each page: `vite build --mode authenticator`, `console` or `demo`, each whole in `dist/<page>`, because
 * they are served by different listeners. `tools/build-web.ts` builds what is older than its sources.
 */
import { defineConfig } from "vite";
import { listFilesForWorker } from "./vite-worker.ts";

export default defineConfig(({ mode: page }) => {
  const root = `${import.meta.dirname}/src/${page}`;
  const input: Record<string, string> = { index: `${root}/index.html` };
  if (page === "authenticator") input["service-worker"] = `${root}/service-worker.ts`;
  return {
    root,
    base: `/${page}/`,
    resolve: { conditions: ["@countersign/source", "browser", "module", "import", "default"] },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
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
          entryFileNames: ({ name }) => (name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
        },
      },
    },
    plugins: page === "authenticator" ? [listFilesForWorker()] : [],
  };
});
