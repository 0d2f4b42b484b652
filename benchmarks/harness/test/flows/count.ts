import type { Flow } from '../../src/flow.ts';

export const flow: Flow = {
  async offerer({ settings, tell, heard }) {
    for (let i = 0; i < settings.rounds!; i++) tell(i);
    return { sent: (await heard()) + 1 };
  },
  async answerer({ settings, tell, heard }) {
    let count = 0;
    for (; count < settings.rounds!; count++) assertSame(await heard(), count);
    tell(count - 1);
    return { heard: count };
  },
};

function assertSame(a: number, b: number): void {
  if (a !== b) throw new Error(`${a} came where ${b} was due`);
}
