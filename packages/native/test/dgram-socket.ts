// A socket on node:dgram in the shape of the suite: the yardstick for what a socket does.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { SuiteHandlers, SuiteSocket } from '../src/testing/index.ts';

export function openDgram(address: string, port: number, handlers: SuiteHandlers): Promise<SuiteSocket> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) });
  let isOpen = true;
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      socket.on('error', handlers.onError);
      socket.on('message', (message, remote) => {
        if (!isOpen) return;
        handlers.onDatagram(message, 0, message.length, remote);
        if (isOpen) handlers.onBatchEnd();
      });
      socket.setRecvBufferSize(4 * 1024 * 1024);
      const opened: SuiteSocket = {
        local: { address, port: socket.address().port },
        get isBusy() {
          return isOpen && socket.getSendQueueCount() > 0;
        },
        send(bytes, at, end, segmentBytes, remote) {
          if (!isOpen) return true;
          for (; at < end; at += segmentBytes)
            socket.send(bytes, at, Math.min(segmentBytes, end - at), remote.port, remote.address);
          return socket.getSendQueueCount() === 0;
        },
        sendMany(runs, count = runs.length) {
          let isTaken = true;
          for (const { bytes, at, end, segmentBytes, remote } of runs.slice(0, count))
            isTaken = opened.send(bytes, at, end, segmentBytes, remote) && isTaken;
          return isTaken;
        },
        close() {
          if (!isOpen) return;
          isOpen = false;
          socket.close();
        },
      };
      resolve(opened);
    });
  });
}
