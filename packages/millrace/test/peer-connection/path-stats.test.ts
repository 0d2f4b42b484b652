// What getStats() tells of the path and of who is at its ends. W3C webrtc-pc §8.6 (what every implementation has to tell),
// webrtc-stats.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type RTCConfiguration, RTCPeerConnection } from 'millrace';
import { connectedPair, LOOPBACK, negotiate } from './pair.ts';

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

async function reportOf(pc: RTCPeerConnection): Promise<Map<string, Entry>> {
  return new Map((await pc.getStats()) as unknown as Iterable<[string, Entry]>);
}

const ofType = (report: Map<string, Entry>, type: string): Entry[] =>
  [...report.values()].filter((each) => each.type === type);

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };

describe('W3C webrtc-pc §8.6', () => {
  test('the transport, its pair, candidates and certificates have the members that all have to have', async () => {
    const { a, b, channelA, close } = await connectedPair();
    channelA.send('hello');
    const report = await reportOf(a);
    const [transport] = ofType(report, 'transport');
    const pair = report.get(String(transport!.selectedCandidatePairId));
    const local = report.get(String(pair!.localCandidateId));
    const remote = report.get(String(pair!.remoteCandidateId));
    const members: Array<[Entry | undefined, string]> = [
      ...['bytesSent', 'bytesReceived', 'localCertificateId', 'remoteCertificateId'].map(
        (name): [Entry | undefined, string] => [transport, name],
      ),
      ...[
        'transportId',
        'state',
        'nominated',
        'bytesSent',
        'bytesReceived',
        'totalRoundTripTime',
        'responsesReceived',
        'currentRoundTripTime',
      ].map((name): [Entry | undefined, string] => [pair, name]),
      ...[local, remote].flatMap((candidate) =>
        ['address', 'port', 'protocol', 'candidateType'].map((name): [Entry | undefined, string] => [
          candidate,
          name,
        ]),
      ),
    ];
    for (const [entry, name] of members) assert.notEqual(entry?.[name], undefined, `${entry?.type} ${name}`);
    assert.equal(transport!.selectedCandidatePairChanges, 1);
    const certificate = report.get(String(transport!.localCertificateId));
    const theirs = ofType(await reportOf(b), 'transport')[0]!.remoteCertificateId;
    const shown = (await reportOf(b)).get(String(theirs));
    assert.equal(certificate?.fingerprint, shown?.fingerprint);
    assert.notEqual(transport!.localCertificateId, transport!.remoteCertificateId);
    close();
  });

  for (const version of ['1.2', '1.3'] as const)
    test(`of several certificates that which the peer was shown, by DTLS ${version}`, async () => {
      const millrace = { ...LOOPBACK.millrace, dtls: { minVersion: version, maxVersion: version } };
      const certificates = await Promise.all([
        RTCPeerConnection.generateCertificate(ECDSA),
        RTCPeerConnection.generateCertificate(ECDSA),
      ]);
      const configurations: Array<[RTCConfiguration, RTCConfiguration]> = [
        [{ millrace, certificates }, { millrace }],
        [{ millrace }, { millrace, certificates }],
      ];
      for (const [ofA, ofB] of configurations) {
        const { a, b, close } = await connectedPair(ofA, ofB);
        const [one, two] = [await reportOf(a), await reportOf(b)];
        const fingerprint = (report: Map<string, Entry>, member: string): unknown =>
          report.get(String(ofType(report, 'transport')[0]![member]))?.fingerprint;
        assert.equal(fingerprint(one, 'localCertificateId'), fingerprint(two, 'remoteCertificateId'));
        assert.equal(fingerprint(two, 'localCertificateId'), fingerprint(one, 'remoteCertificateId'));
        close();
      }
    });

  test('bytes and packets are those of data, by transport and by pair; checks are counted apart', async () => {
    const { a, b, channelA, channelB, close } = await connectedPair();
    channelA.send(new Uint8Array(100_000));
    await once(channelB, 'message');
    const [one, two] = [await reportOf(a), await reportOf(b)];
    for (const report of [one, two]) {
      const [transport] = ofType(report, 'transport');
      const pairs = ofType(report, 'candidate-pair');
      for (const name of ['bytesSent', 'bytesReceived', 'packetsSent', 'packetsReceived']) {
        const sum = pairs.reduce((all, pair) => all + Number(pair[name]), 0);
        assert.equal(sum, transport![name], name);
      }
    }
    const sent = Number(ofType(one, 'transport')[0]!.bytesSent);
    assert(sent > 100_000 && sent < 400_000, `${sent}`);
    close();
  });

  test('each change of the selected pair counts', async () => {
    const { a, b, close } = await connectedPair();
    a.restartIce();
    const changed = once(a.sctp!.transport.iceTransport, 'selectedcandidatepairchange');
    await negotiate(a, b);
    await changed;
    assert.equal(ofType(await reportOf(a), 'transport')[0]!.selectedCandidatePairChanges, 2);
    close();
  });

  test('without a peer there is nothing selected', async () => {
    const pc = new RTCPeerConnection(LOOPBACK);
    const [transport] = ofType(await reportOf(pc), 'transport');
    assert.deepEqual(
      [transport!.selectedCandidatePairChanges, transport!.localCertificateId, transport!.bytesSent],
      [0, undefined, 0],
    );
    pc.close();
  });
});
