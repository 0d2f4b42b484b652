// Clients of a server in another process, which can vanish as clients do: without a word.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RTCPeerConnection, RTCServer, RTCSessionDescriptionInit } from 'millrace';

/** What the process says: an offer, or that the channel of the client with that number is open. */
type Report = { readonly client: number; readonly offer?: RTCSessionDescriptionInit };

export interface ClientsProcess {
  /** Of each client, at the server. */
  readonly connections: readonly RTCPeerConnection[];
  /** Ends every client's connection as its application would, or at once with nothing sent. */
  close(): void;
  vanish(): Promise<void>;
}

/** Settles once the channel of each of `count` clients is open, and the server is connected to each as well. */
export async function clientsProcess(server: RTCServer, count: number): Promise<ClientsProcess> {
  const process = fork(new URL('fixtures/clients.ts', import.meta.url), [String(count)], {
    execArgv: ['--conditions=@millrace/source'],
  });
  const connections: RTCPeerConnection[] = [];
  await allOpen(process, server, connections, count);
  for (const connection of connections)
    while (connection.connectionState !== 'connected') await once(connection, 'connectionstatechange');
  return {
    connections,
    close: () => void process.send('close'),
    async vanish() {
      process.kill('SIGKILL');
      await once(process, 'exit');
    },
  };
}

function allOpen(
  process: ChildProcess,
  server: RTCServer,
  connections: RTCPeerConnection[],
  count: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = 0;
    process.on('exit', () => reject(new Error(`the clients' process has ended with ${open} open`)));
    process.on('message', ({ client, offer }: Report) => {
      if (offer)
        server.answer(offer).then(({ connection, answer }) => {
          connections.push(connection);
          process.send({ client, answer });
        }, reject);
      else if (++open === count) resolve();
    });
  });
}
