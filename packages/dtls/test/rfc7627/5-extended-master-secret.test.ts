import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXTENSION } from '../../src/handshake/extensions.ts';
import { writeClientHello } from '../../src/handshake/messages/client-hello.ts';
import { writeServerHello } from '../../src/handshake/messages/server-hello.ts';
import { connected, connections, deliver, transmitted } from '../fixtures/connections.ts';
import { clientHello, serverHello } from '../fixtures/hellos.ts';
import { handshakeRecord, recordsOf } from '../fixtures/records.ts';

const without = [[EXTENSION.extendedMasterSecret, undefined]] as const;

describe('RFC 7627 §5 the extended master secret', () => {
  test('is used between two of us', () => {
    const all = connected();
    assert.deepEqual([all.client.extendedMasterSecret, all.server.extendedMasterSecret], [true, true]);
  });

  test('§5.2 a server that requires it refuses a hello without it', () => {
    const all = connections();
    deliver(all.server, all.fromServer, handshakeRecord(1, 0, writeClientHello(clientHello({}, without))));
    assert.deepEqual(all.fromServer.closed, {
      by: 'local',
      code: 'extended-master-secret-missing',
      alert: 40,
    });
  });

  test('§5.2 a server that only prefers it answers without it', () => {
    const all = connections({ server: { extendedMasterSecret: 'preferred' } });
    deliver(all.server, all.fromServer, handshakeRecord(1, 0, writeClientHello(clientHello({}, without))));
    assert.equal(recordsOf(transmitted(all.server)[0]!)[0]?.handshakeType, 2);
  });

  test('§5.3 a client that requires it refuses an answer without it', () => {
    const all = connections();
    transmitted(all.client);
    deliver(all.client, all.fromClient, handshakeRecord(2, 0, writeServerHello(serverHello({}, without))));
    assert.deepEqual(all.fromClient.closed, {
      by: 'local',
      code: 'extended-master-secret-missing',
      alert: 40,
    });
  });

  test('§5.3 a client that only prefers it goes on', () => {
    const all = connections({ client: { extendedMasterSecret: 'preferred' } });
    transmitted(all.client);
    deliver(all.client, all.fromClient, handshakeRecord(2, 0, writeServerHello(serverHello({}, without))));
    assert.equal(all.client.state, 'connecting');
  });
});
