/** How a running command is asked to end: the first signal stops it gracefully, a second one at once. */

/** Resolves at the first SIGINT or SIGTERM. From then on signals have their usual effect again. */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve(signal);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
