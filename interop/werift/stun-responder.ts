// The least that can be called a STUN server (RFC 8489 §5, §14.2): every binding request is told where it came
// from, IPv4 only, unauthenticated. Written without our STUN package, which may be what is under test.

import { createSocket, type RemoteInfo } from 'node:dgram';

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC_COOKIE = 0x2112a442;

export async function stunResponder(): Promise<{ port: number }> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    if (message.length < 20 || message.readUInt16BE(0) !== BINDING_REQUEST) return;
    socket.send(bindingSuccess(message, from), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.unref();
  return { port: socket.address().port };
}

function bindingSuccess(request: Buffer, from: RemoteInfo): Buffer {
  const response = Buffer.alloc(32);
  response.writeUInt16BE(BINDING_SUCCESS, 0);
  response.writeUInt16BE(12, 2);
  request.copy(response, 4, 4, 20); // cookie and transaction id
  response.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  response.writeUInt16BE(8, 22);
  response.writeUInt16BE(0x0001, 24); // IPv4
  response.writeUInt16BE(from.port ^ (MAGIC_COOKIE >>> 16), 26);
  const address = from.address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  response.writeUInt32BE((address ^ MAGIC_COOKIE) >>> 0, 28);
  return response;
}
