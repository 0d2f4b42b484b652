import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { describe, test } from 'node:test';
import {
  type DatagramPort,
  DgramPort,
  openDgramPort,
  type PortHandlers,
} from '../../src/transport/datagram-port.ts';

const ignored: PortHandlers = {
  onDatagram: () => {},
  onBatchEnd: () => {},
  onWritable: () => {},
  onMtuExceeded: () => {},
  onError: () => {},
};
const open = (address: string, port = 0): Promise<DatagramPort> => openDgramPort(address, port, ignored);

/** UDP sockets of this process, open or half open; the report knows also those that wait for nothing. */
function udpHandles(): number {
  Object.assign(process.report, { excludeNetwork: true }); // names of peers would be looked up
  const { libuv } = process.report.getReport() as unknown as { libuv: ReadonlyArray<{ type: string }> };
  return libuv.filter(({ type }) => type === 'udp').length;
}

/** A closed socket is gone after a turn of the event loop or two. */
async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a UDP port', () => {
  test('that can not be bound leaves no socket behind', async () => {
    await turns();
    const before = udpHandles();
    const taken = await open('127.0.0.1');
    const refused: Array<[address: string, port: number, code: RegExp]> = [
      ['192.0.2.1', 0, /EADDRNOTAVAIL/], // not ours
      ['2001:db8::1', 0, /EADDRNOTAVAIL|EAFNOSUPPORT|EINVAL/],
      ['127.0.0.1', taken.local.port, /EADDRINUSE/],
    ];
    for (const [address, port, code] of refused) await assert.rejects(open(address, port), { code });
    taken.close();
    await turns();
    assert.equal(udpHandles(), before);
  });

  test('is busy as long as the kernel has not taken what was sent, be it closing', async () => {
    let [waiting, isClosed] = [1, false];
    const socket = {
      getSendQueueCount() {
        if (isClosed) throw new Error('ERR_SOCKET_DGRAM_NOT_RUNNING');
        return waiting;
      },
      send() {},
      close() {
        isClosed = true;
      },
    };
    const port = new DgramPort(socket as unknown as Socket, { address: '127.0.0.1', port: 1 });
    assert.equal(port.send(new Uint8Array(9), 0, 9, 9, { address: '127.0.0.1', port: 9 }), false);
    port.close();
    await turns();
    assert.deepEqual([port.isBusy, isClosed], [true, false]);
    waiting = 0;
    await turns();
    assert.deepEqual([port.isBusy, isClosed], [false, true]);
  });

  test('takes datagrams that can not be sent, and none when it is closed', async () => {
    const port = await open('127.0.0.1');
    const bytes = new Uint8Array(1200);
    port.send(bytes, 0, 1200, 1200, { address: '2001:db8::1', port: 9 }); // another family
    port.send(bytes, 0, 1200, 1200, { address: '127.0.0.1', port: 0 }); // as a forged datagram has it
    port.send(new Uint8Array(70_000), 0, 70_000, 70_000, { address: '127.0.0.1', port: 9 }); // too long for UDP
    port.send(bytes, 0, 1200, 1200, { address: '192.0.2.1', port: 9 }); // not reachable from loopback
    await turns();
    port.close();
    port.close();
    assert.equal(port.isBusy, false);
    assert.equal(port.send(bytes, 0, 1200, 1200, { address: '127.0.0.1', port: 9 }), true);
  });
});
