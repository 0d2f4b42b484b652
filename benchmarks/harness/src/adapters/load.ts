import type { Implementation, ImplementationName } from '../implementation.ts';

interface LoadOptions {
  /** Where a STUN responder listens on 127.0.0.1. */
  readonly stunPort: number;
}

const LOADERS: Readonly<Record<ImplementationName, (options: LoadOptions) => Promise<Implementation>>> = {
  millrace: async () => (await import('./millrace.ts')).load('millrace'),
  'millrace-portable': async () => (await import('./millrace.ts')).load('millrace-portable'),
  'node-datachannel': async () => (await import('./node-datachannel.ts')).load(),
  werift: async (options) => (await import('./werift.ts')).load(options),
  wrtc: async () => (await import('./wrtc.ts')).load(),
  udp: async () => (await import('./udp.ts')).load('udp'),
  'udp-batched': async () => (await import('./udp.ts')).load('udp-batched'),
};

/** Loads a stack into this process. Rejects if it is not installed or does not run here. */
export function loadImplementation(name: ImplementationName, options: LoadOptions): Promise<Implementation> {
  return LOADERS[name](options);
}
