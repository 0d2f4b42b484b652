// The least a STUN server can be: answers every binding request on 127.0.0.1 with the address it came from.
import { createSocket, type Socket } from 'node:dgram';

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC_COOKIE = 0x2112a442;

/** Listens until the socket is closed; the socket does not keep the process alive. */
export async function startStunResponder(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (request, { address, port }) => {
    if (request.length < 20 || request.readUInt16BE(0) !== BINDING_REQUEST) return;
    const response = Buffer.alloc(32);
    response.writeUInt16BE(BINDING_SUCCESS, 0);
    response.writeUInt16BE(12, 2);
    request.copy(response, 4, 4, 20); // magic cookie and transaction id
    response.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
    response.writeUInt16BE(8, 22);
    response.writeUInt16BE(0x0001, 24); // IPv4
    response.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26);
    const ipv4 = address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
    response.writeUInt32BE((ipv4 ^ MAGIC_COOKIE) >>> 0, 28);
    socket.send(response, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.unref();
  return socket;
}
