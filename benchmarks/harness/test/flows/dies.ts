import type { Flow } from '../../src/flow.ts';

export const flow: Flow = { offerer: () => process.exit(7), answerer: () => new Promise(() => {}) };
