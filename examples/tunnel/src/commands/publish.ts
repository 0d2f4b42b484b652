// `publish`: the side of the service.
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, interruptible } from '@millrace/example-send-file/failure';
import { invocationOf } from '@millrace/example-send-file/invocation';
import { chooseMeetingPlace, MEETING_ARGUMENTS, takeInvite } from '@millrace/example-send-file/meeting-place';
import { KeyCheck, keysIn } from '../api-keys/key-check.ts';
import { readKeys } from '../api-keys/key-file.ts';
import { LIMITS } from '../options.ts';
import { Publisher } from '../publish/publisher.ts';
import { type RequestRecord, Service } from '../publish/service.ts';
import { parseSticky, type SessionOf } from '../upstreams/session.ts';
import { Upstreams } from '../upstreams/upstreams.ts';
import { aborted, positive, reading, usage, whole } from './arguments.ts';

export async function publish(args: string[]): Promise<ExitCode> {
  const { values, positionals } = reading(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        ...MEETING_ARGUMENTS,
        sticky: { type: 'string' },
        completions: { type: 'boolean', default: false },
        keys: { type: 'string' },
        idle: { type: 'string' },
        'max-body': { type: 'string' },
        'max-requests': { type: 'string' },
        log: { type: 'boolean', default: false },
      },
    }),
  );
  const invite = values.invite ?? takeInvite(positionals);
  const service = new Service({
    upstreams: new Upstreams(parseUpstreams(positionals)),
    sessionOf: stickyBy(values.sticky),
    keys: values.keys === undefined ? undefined : new KeyCheck(keysIn(values.keys)),
    checksCompletions: values.completions,
    idleMillis: positive('--idle', values.idle, LIMITS.idleMillis / 1000) * 1000,
    maxRequests: whole('--max-requests', values['max-requests'], LIMITS.requests),
    maxBody: whole('--max-body', values['max-body'], undefined),
    onDone: values.log ? log : () => {},
  });
  const open = chooseMeetingPlace({ ...values, invite });
  if (values.keys !== undefined) await readKeys(values.keys); // better said now than to each client

  const leaving = interruptible();
  await using cleanup = new AsyncDisposableStack();
  const place = await open(leaving.signal);
  cleanup.defer(() => place.close());
  const publisher = new Publisher(place, service, {
    onArrival: () => say('somebody has connected'),
    onDeparture: (reason) => say(`somebody has gone: ${reason}`),
  });
  cleanup.defer(() => publisher.close());
  printInvitations(place.invitations);
  publisher.run().catch((error: Error) => {
    if (!leaving.signal.aborted) say(`nobody else can connect: ${error.message}`);
  });
  await aborted(leaving.signal);
  return EXIT.ok;
}

function parseUpstreams(texts: readonly string[]): URL[] {
  if (texts.length === 0) throw usage('say what to publish: http://HOST:PORT');
  return texts.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      throw usage(`'${text}' is neither a service (http://HOST:PORT) nor an invitation`);
    if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
      throw usage(`'${text}' must be no more than a host, a port and a path`);
    return url;
  });
}

function stickyBy(text: string | undefined): SessionOf | undefined {
  if (text === undefined) return undefined;
  const sessionOf = parseSticky(text);
  if (!sessionOf) throw usage(`--sticky must be a header's name or cookie:NAME, not '${text}'`);
  return sessionOf;
}

function printInvitations([first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  process.stdout.write(`The other side connects with:\n\n  ${invocationOf('tunnel')} connect '${first}'\n\n`);
  for (const other of others) say(`or, if that does not reach this machine: ${other}`);
}

function say(text: string): void {
  process.stdout.write(`* ${text}\n`);
}

function log({ method, path, status, millis, upstream, eventId, end }: RequestRecord): void {
  const words = [method, path, status ?? '-', `${millis.toFixed(0)} ms`, upstream, eventId, end];
  process.stderr.write(`${words.filter((word) => word !== undefined).join(' ')}\n`);
}
