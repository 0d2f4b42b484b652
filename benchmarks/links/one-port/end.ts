// One of the two processes: the server, or all of its clients. What it hears and says are messages of the parent.
import { type Client, clientOf, type Description, type Server, type Stack, serverOf } from './stacks.ts';

export type Heard =
  | { readonly do: 'offer'; readonly id: number; readonly offer: Description }
  | { readonly do: 'answer'; readonly id: number; readonly answer: Description }
  /** Clients: so many begin, all at once. */
  | { readonly do: 'begin'; readonly count: number }
  | { readonly do: 'measure' };

export type Said =
  | { readonly say: 'ready' }
  | { readonly say: 'offer'; readonly id: number; readonly offer: Description }
  | { readonly say: 'answer'; readonly id: number; readonly answer: Description }
  /** `at`: on the machine's clock. */
  | { readonly say: 'open'; readonly id: number; readonly at: number }
  | { readonly say: 'measured'; readonly residentBytes: number; readonly processorMillis: number };

const [what, stack, port] = process.argv.slice(2) as ['server' | 'clients', Stack, string];
const clients = new Map<number, Client>();
const millis = (): number => Number(process.hrtime.bigint()) / 1e6;
const say = (said: Said): void => void process.send!(said);
let server: Server | undefined;
let begun = 0;

async function offerAs(id: number): Promise<void> {
  const client = await clientOf(stack);
  clients.set(id, client);
  say({ say: 'offer', id, offer: client.offer });
}

process.on('message', async (heard: Heard) => {
  switch (heard.do) {
    case 'offer':
      say({
        say: 'answer',
        id: heard.id,
        answer: await server!.answer(heard.offer, () => say({ say: 'open', id: heard.id, at: millis() })),
      });
      return;
    case 'answer':
      await clients.get(heard.id)!.connect(heard.answer);
      say({ say: 'open', id: heard.id, at: millis() });
      return;
    case 'begin':
      for (let i = 0; i < heard.count; i++) void offerAs(begun++);
      return;
    case 'measure': {
      globalThis.gc?.();
      const { user, system } = process.cpuUsage();
      const residentBytes = process.memoryUsage.rss();
      say({ say: 'measured', residentBytes, processorMillis: (user + system) / 1000 });
    }
  }
});

if (what === 'server') server = await serverOf(stack, Number(port));
say({ say: 'ready' });
