// DTLS: the latest version that both speak, by what both sides' getStats tell (W3C webrtc-stats §8.15); and what of 1.3 only
// happens when it is asked for: each cipher, a second hello, new keys. The answerer is the DTLS client, so that every
// scenario has millrace in one role when it offers and in the other when it answers.

import assert from 'node:assert/strict';
import type { Securing } from '../agent/agent.ts';
import type { ChannelEnd, End } from '../harness/end.ts';
import type { Run } from '../harness/run.ts';
import type { Session } from '../harness/session.ts';
import { arrives, binary } from './arrival.ts';
import type { Scenario } from './scenario.ts';

/** RFC 9147 §5.3, RFC 6347 §4.1: as four hexadecimal digits. */
const DTLS_1_3 = 'FEFC';
const DTLS_1_2 = 'FEFD';
/** By both browsers' first choice. */
const HYBRID = 'X25519MLKEM768';

const CIPHERS: ReadonlyArray<readonly [name: string, needs: Pick<Scenario, 'needs'>]> = [
  ['TLS_AES_128_GCM_SHA256', {}],
  ['TLS_AES_256_GCM_SHA384', { needs: 'AES-256-GCM' }],
  ['TLS_CHACHA20_POLY1305_SHA256', {}],
];

/** Not all of them tell, and not all that tell keep to the digits; the subject does. */
async function whatItTells(end: End): Promise<Securing | null> {
  const securing = await end.securing().catch(() => null);
  return securing && /^FEF[CD]$/.test(securing.tlsVersion) ? securing : null;
}

async function latestVersion(run: Run): Promise<void> {
  const session = await run.session();
  const { offerer, answerer } = session;
  const ends = [offerer, answerer];
  const expected = ends.every(({ implementation }) => implementation.speaksDtls13) ? DTLS_1_3 : DTLS_1_2;
  await session.open();
  await run.claim('dtls-version', `both are on ${expected}`, { from: offerer, to: answerer }, async () => {
    const told = (await Promise.all(ends.map(whatItTells))).filter((each) => each !== null);
    assert.ok(told.length > 0, 'neither side tells');
    for (const each of told) assert.equal(each.tlsVersion, expected);
    const ciphers = new Set(told.map(({ dtlsCipher }) => dtlsCipher).filter((cipher) => cipher !== ''));
    assert.ok(ciphers.size <= 1, `the ciphers are ${[...ciphers].join(' and ')}`);
    const {
      dtlsCipher,
      dtlsRole,
      millraceKeyExchangeGroup: group,
    } = told.find((each) => each.millraceKeyExchangeGroup !== '') ?? told[0]!;
    run.note(`${dtlsCipher}, ${group}, the subject's side as ${dtlsRole}`);
    if (expected === DTLS_1_3 && group !== '') assert.equal(group, HYBRID);
  });
}

/** IANA's number for it. */
const HYBRID_ID = 0x11ec;

/** ML-KEM by the bytes of the hellos, either side's own: the client's has a share of it, and the server's selects it. */
async function onTheWire(run: Run): Promise<void> {
  const [session] = await openWith(run, { native: false, sped: false });
  const ends = { from: session.offerer, to: session.answerer };
  await run.claim('dtls-ml-kem', `the hellos on the wire agree on ${HYBRID}`, ends, async () => {
    const { hellos } = await told(run, session);
    assert.ok(hellos, 'no hello was seen');
    assert.ok(hellos.offered.includes(HYBRID_ID), `shares of ${hellos.offered}`);
    assert.equal(hellos.selected, HYBRID_ID);
  });
}

/** Opens a connection whose subject is told this, and has messages of each length go both ways. */
async function openWith(run: Run, millrace: object): Promise<[Session, ChannelEnd, ChannelEnd]> {
  const session = await run.session({ configuration: { millrace } });
  const [near, far] = await session.open();
  await talk(near, far, 1);
  return [session, near, far];
}

async function talk(near: ChannelEnd, far: ChannelEnd, seed: number): Promise<void> {
  for (const [from, to, of] of [
    [near, far, seed],
    [far, near, seed + 1000],
  ] as const)
    await arrives(from, to, [{ text: `message ${of}` }, ...binary(3, 1, of), ...binary(3, 30_000, of)]);
}

const subjectOf = (run: Run, { offerer, answerer }: Session): End =>
  run.roles.offers === 'subject' ? offerer : answerer;

/** What the subject tells, and what both have to agree on. */
async function told(run: Run, session: Session): Promise<Securing> {
  const subject = subjectOf(run, session);
  const ours = await subject.securing();
  assert.ok(ours?.millraceDtls);
  assert.equal(ours.tlsVersion, DTLS_1_3);
  assert.equal(ours.dtlsRole, run.roles.offers === 'subject' ? 'server' : 'client');
  const theirs = await whatItTells(session.other(subject));
  assert.deepEqual([theirs?.tlsVersion, theirs?.dtlsCipher], [DTLS_1_3, ours.dtlsCipher]);
  return ours;
}

async function cipher(run: Run, name: string): Promise<void> {
  const [session] = await openWith(run, { dtls: { minVersion: '1.3', cipherSuites: [name] } });
  const { offerer, answerer } = session;
  await run.claim('dtls-cipher', `records are of ${name}`, { from: offerer, to: answerer }, async () => {
    assert.equal((await told(run, session)).dtlsCipher, name);
  });
}

/** A server that wants another group, or a client that shows no share: either has the server ask for one. RFC 8446 §4.1.4. */
async function otherGroup(run: Run): Promise<void> {
  const isServer = run.roles.offers === 'subject';
  for (const group of ['X25519MLKEM768', 'x25519', 'secp256r1', 'secp384r1']) {
    // Both browsers show shares of the first two.
    if (isServer && (group === HYBRID || group === 'x25519')) continue;
    const [session] = await openWith(run, { dtls: { minVersion: '1.3', groups: [group], keyShares: 0 } });
    const { offerer, answerer } = session;
    const says = `a second hello brings a share of ${group}`;
    await run.claim('dtls-hello-retry', says, { from: offerer, to: answerer }, async () => {
      const { millraceKeyExchangeGroup, millraceDtls } = await told(run, session);
      assert.deepEqual([millraceKeyExchangeGroup, millraceDtls?.helloRetries], [group, 1]);
    });
    await Promise.all([offerer.close(), answerer.close()]);
  }
}

/** RFC 9147 §5.1. Browsers ask for no cookie, so that only those who answer can be asked. */
async function cookie(run: Run): Promise<void> {
  if (run.roles.offers === 'peer') {
    run.note('the subject is the client, and the server asks for nothing');
    return;
  }
  for (const groups of [[HYBRID], ['secp384r1']]) {
    const [session] = await openWith(run, { verifyAddress: true, dtls: { minVersion: '1.3', groups } });
    const { offerer, answerer } = session;
    const says = `a second hello brings the cookie back, and a share of ${groups[0]}`;
    await run.claim('dtls-cookie', says, { from: offerer, to: answerer }, async () => {
      const { millraceKeyExchangeGroup, millraceDtls } = await told(run, session);
      assert.deepEqual([millraceKeyExchangeGroup, millraceDtls?.helloRetries], [groups[0], 1]);
    });
    await Promise.all([offerer.close(), answerer.close()]);
  }
}

const UPDATE_AFTER = 20; // records
/** A record shows two bits of its epoch. */
const WRAPS_AT = 4;
const MOST_ROUNDS = 20;

/** RFC 9147 §8: both sides change their keys, more often than there are bits for epochs in a record. */
async function newKeys(run: Run, cipherSuite: string): Promise<void> {
  const dtls = { minVersion: '1.3', keyUpdateAfter: UPDATE_AFTER, cipherSuites: [cipherSuite] };
  const [session, near, far] = await openWith(run, { dtls });
  const { offerer, answerer } = session;
  await run.claim(
    'dtls-new-keys',
    'data goes on under new keys',
    { from: offerer, to: answerer },
    async () => {
      for (let round = 2; ; round++) {
        await talk(near, far, round);
        const { sent, received } = (await told(run, session)).millraceDtls!.keyUpdates;
        if (sent > WRAPS_AT && received > WRAPS_AT) break;
        assert.ok(round < MOST_ROUNDS, `keys changed ${sent} times, and by the peer ${received} times`);
      }
    },
  );
}

export const securing: readonly Scenario[] = [
  { title: 'the latest DTLS both speak', patience: 20_000, packetPath: true, run: latestVersion },
  { title: 'DTLS 1.3 with ML-KEM, as it is on the wire', patience: 20_000, dtls13: true, run: onTheWire },
  ...CIPHERS.map(([name, needs]) => ({
    title: `DTLS 1.3 with ${name}`,
    patience: 20_000,
    dtls13: true as const,
    packetPath: true as const,
    ...needs,
    run: (run: Run) => cipher(run, name),
  })),
  {
    title: 'DTLS 1.3 with a HelloRetryRequest for another group',
    patience: 60_000,
    dtls13: true,
    run: otherGroup,
  },
  { title: 'DTLS 1.3 with a HelloRetryRequest for a cookie', patience: 30_000, dtls13: true, run: cookie },
  ...CIPHERS.map(([name, needs]) => ({
    title: `DTLS 1.3 with KeyUpdates, ${name}`,
    patience: 30_000,
    dtls13: true as const,
    packetPath: true as const,
    ...needs,
    run: (run: Run) => newKeys(run, name),
  })),
];
