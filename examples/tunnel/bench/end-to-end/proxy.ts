// What the tunnel is measured against: passes requests on by connections that are kept, and does nothing else.
import { Agent, createServer, request } from 'node:http';
import { listen } from './listen.ts';

const { hostname, port } = new URL(process.argv[2]!);
const agent = new Agent({ keepAlive: true });
const server = createServer({ noDelay: true }, (incoming, outgoing) => {
  const { method, url: path, rawHeaders: headers } = incoming;
  const passed = request({ hostname, port, method, path, headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  if (method === 'GET') passed.end();
  else incoming.pipe(passed);
});
console.log(`listening at ${await listen(server)}`);
