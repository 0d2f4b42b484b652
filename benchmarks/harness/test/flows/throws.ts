import type { Flow } from '../../src/flow.ts';

export const flow: Flow = {
  offerer: () => new Promise(() => {}),
  answerer: () => Promise.reject(new Error('no luck')),
};
