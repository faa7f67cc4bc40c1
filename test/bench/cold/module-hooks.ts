import type { LoadHook } from 'node:module';
import type { MessagePort } from 'node:worker_threads';

/** Runs in Node's loader thread: tells of every module before it is loaded. */

let teller: MessagePort | null = null;

export function initialize({ port }: { readonly port: MessagePort }): void {
  teller = port;
}

export const load: LoadHook = (url, context, nextLoad) => {
  teller?.postMessage(url);
  return nextLoad(url, context);
};
