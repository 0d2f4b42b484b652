// Clients of `listen()`, millrace's server on one UDP port: whose offer is answered, and who come without signaling, with an
// answer that they have made up from the server's address, its certificate and a secret (libp2p's WebRTC-Direct).

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { arrives } from './arrival.ts';
import type { Scenario } from './scenario.ts';

const AT_ONCE = 5;

/** Whoever listens waits for offers. */
function isServed(run: Run): boolean {
  if (run.roles.subject.implementation.name === 'millrace' && run.roles.offers === 'peer') return true;
  run.note('for clients of millrace');
  return false;
}

async function answered(run: Run): Promise<void> {
  if (!isServed(run)) return;
  const sessions: Session[] = [];
  for (let i = 0; i < (run.options.quick ? 2 : AT_ONCE); i++)
    sessions.push(await run.session({ configuration: { listens: true } }));
  const { offerer: from, answerer: to } = sessions[0]!;
  const says = `${sessions.length} clients at once of listen()`;
  await run.claim('listen', says, { from, to }, async () => {
    const all = sessions.map(async (session, i) => {
      const [near, far] = await session.open();
      await arrives(near, far, [{ text: `${i} to the server` }, { bytes: 60_000, seed: i }]);
      await arrives(far, near, [{ text: `${i} to the client` }, { bytes: 60_000, seed: i }]);
    });
    await Promise.all(all);
    const answers = sessions.map(({ descriptions }) => descriptions.answer?.sdp ?? '');
    const ports = answers.flatMap((sdp) => [...sdp.matchAll(/^a=candidate:(?:\S+ ){5}(\d+) typ host/gm)]);
    assert.equal(new Set(ports.map(([, port]) => port)).size, 1, 'one port');
  });
  await closeAll(sessions);
}

async function direct(run: Run, isMunged: boolean): Promise<void> {
  if (!isServed(run)) return;
  const sessions: Session[] = [];
  const dial = async (): Promise<void> => {
    const secret = `libp2p+webrtc+v1/${randomBytes(16).toString('hex')}`;
    const session = await run.session({ configuration: { direct: { secret, isMunged } } });
    sessions.push(session);
    const { offerer: client, answerer: server } = session;
    const { sdp } = await server.remote.call('offer', server.connection);
    const near = await client.create('direct');
    if (isMunged) await client.remote.call('mungedOffer', client.connection, secret);
    else await client.remote.call('offer', client.connection);
    await client.remote.call('acceptAnswer', client.connection, { type: 'answer', sdp });
    const far = await server.incoming();
    await Promise.all([near.opened(), far.opened()]);
    await arrives(near, far, [{ text: 'nobody has signalled me' }, { bytes: 60_000, seed: 1 }]);
    await arrives(far, near, [{ text: 'here you are' }, { bytes: 60_000, seed: 2 }]);
  };
  const { offerer: from, answerer: to } = await run.session();
  const name = isMunged ? 'direct-munged' : 'direct';
  const says = `a client of listen() without signaling${isMunged ? ', known by the fragment that it chose' : ''}`;
  await run.claim(name, says, { from, to }, dial);
  await closeAll(sessions);
}

async function closeAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.flatMap(({ offerer, answerer }) => [offerer.close(), answerer.close()]));
}

export const listening: readonly Scenario[] = [
  { title: 'clients of listen()', patience: 60_000, packetPath: true, run: answered },
  { title: 'clients of listen() without signaling', patience: 30_000, run: (run) => direct(run, false) },
  {
    title: 'clients of listen() without signaling, by fragments of their own',
    patience: 30_000,
    needs: 'munging',
    run: (run) => direct(run, true),
  },
];
