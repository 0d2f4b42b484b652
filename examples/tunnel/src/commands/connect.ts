// `connect`: the side of the client.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, Failure, interruptible } from '@millrace/example-send-file/failure';
import { chooseMeetingPlace, MEETING_ARGUMENTS, takeInvite } from '@millrace/example-send-file/meeting-place';
import { createListener } from '../connect/listener.ts';
import { TunnelLink } from '../connect/tunnel-link.ts';
import { LIMITS } from '../options.ts';
import { reading, usage, whole } from './arguments.ts';

export async function connect(args: string[]): Promise<ExitCode> {
  const { values, positionals } = reading(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        ...MEETING_ARGUMENTS,
        listen: { type: 'string', default: '127.0.0.1:0' },
        'header-bytes': { type: 'string' },
        'max-requests': { type: 'string' },
      },
    }),
  );
  const invite = values.invite ?? takeInvite(positionals);
  if (positionals.length > 0) throw usage(`'${positionals[0]}' is not an invitation`);
  const { host, port } = parseListen(values.listen);
  const options = {
    headerBytes: whole('--header-bytes', values['header-bytes'], LIMITS.headerBytes),
    maxRequests: whole('--max-requests', values['max-requests'], LIMITS.requests),
  };
  const open = chooseMeetingPlace({ ...values, invite });
  const leaving = interruptible();

  await using cleanup = new AsyncDisposableStack();
  const place = await open(leaving.signal);
  for (const invitation of place.invitations) say(`the side that publishes needs: ${invitation}`);
  const link = new TunnelLink(open, leaving.signal, {
    onConnected: () => say('connected'),
    onLost: (reason) => say(`not connected any more: ${reason}`),
  });
  const running = link.run(place);
  cleanup.defer(() => running);
  cleanup.defer(() => leaving.abort());
  const server = createListener(link, options);
  server.listen(port, host);
  await once(server, 'listening').catch((cause: Error) => {
    throw new Failure(`cannot listen at ${values.listen}: ${cause.message}`, EXIT.failed, { cause });
  });
  cleanup.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  say(`listening at ${urlOf(server.address() as AddressInfo)}`);
  await running;
  return EXIT.ok;
}

function parseListen(text: string): { host: string; port: number } {
  const [, host, digits] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535)) throw usage(`--listen must be HOST:PORT or PORT, not '${text}'`);
  return { host: (host ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function say(text: string): void {
  process.stdout.write(`* ${text}\n`);
}
