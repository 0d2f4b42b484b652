#!/usr/bin/env -S node --conditions=@millrace/source
// The forwarder on the command line.
import type { AddressInfo } from 'node:net';
import { Room } from './room.ts';
import { createForwarder } from './server.ts';

const { HOST = '127.0.0.1', PORT = '8080' } = process.env;
const server = createForwarder(new Room());
server.listen(Number(PORT), HOST, () => {
  const { port } = server.address() as AddressInfo;
  console.log(`send:  http://${HOST}:${port}/send\nwatch: http://${HOST}:${port}/watch`);
});
