// A batch of records read from a signaling room, the way a peer catches up: one GET of the event stream from before the
// first record to behind the last. Server and reader share a process and a loopback connection, which is new each time.
// The client's parser is left out, and so is appending to the log: what is measured is what the server makes of it.
import { type IncomingMessage, request } from 'node:http';
import { CostMeter, type Measurement, type OperationSettings, type Trial } from '@millrace/bench-harness';
import { type SignalingServer, startSignalingServer } from '@millrace/signaling';

const WARM_UP_MS = 150;
/** Of one POST. */
const POSTED_RECORDS = 50;
const MIB = 1024 * 1024;

export const trial: Trial = {
  async millrace({ records, bodyBytes, seconds }: OperationSettings): Promise<Measurement> {
    await using server = await startSignalingServer({
      queuedMessages: 1_024,
      queuedBytes: 16 * MIB,
      requestBytes: MIB,
    });
    const stream = await fillRoom(server, records as number, bodyBytes as number);
    const streamBytes = await read(stream, `id: ${stream.last}\n`);
    for (
      const end = performance.now() + WARM_UP_MS * Math.min(1, seconds as number);
      performance.now() < end;
    )
      await read(stream, streamBytes);

    const costs = new CostMeter();
    const began = performance.now();
    const end = began + (seconds as number) * 1000;
    let batches = 0;
    do {
      await read(stream, streamBytes);
      batches++;
    } while (performance.now() < end);
    const millis = performance.now() - began;
    const { allocatedBytes } = await costs.read();
    costs.stop();
    const recordsRead = batches * (records as number);
    return {
      batchMillis: millis / batches,
      megabytesPerSecond: (streamBytes * batches) / millis / 1000,
      recordsPerSecond: (recordsRead / millis) * 1000,
      allocatedPerRecord: allocatedBytes / recordsRead,
      streamBytes,
    };
  },
};

interface Stream {
  readonly url: string;
  readonly session: string;
  /** The record before the batch, and the last one of it. */
  readonly before: number;
  readonly last: number;
}

/** A room with a reader in it, for whom somebody else has written so many records. */
async function fillRoom(server: SignalingServer, records: number, bodyBytes: number): Promise<Stream> {
  const { room, token } = server.createRoom();
  const enter = async (): Promise<{ peer: string; session: string; at: number }> =>
    (await post(`${server.url}/rooms/${room}/peers`, token)) as never;
  const [writer, reader] = [await enter(), await enter()];
  const data = 'x'.repeat(bodyBytes);
  for (let sent = 0; sent < records; sent += POSTED_RECORDS) {
    const messages = Array.from({ length: Math.min(POSTED_RECORDS, records - sent) }, () => ({ data }));
    const path = `${server.url}/rooms/${room}/peers/${writer.peer}/messages`;
    await post(path, writer.session, { first: sent + 1, messages });
  }
  const url = `${server.url}/rooms/${room}/peers/${reader.peer}/events`;
  return { url, session: reader.session, before: reader.at, last: reader.at + records };
}

async function post(url: string, secret: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`POST: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Reads up to so many bytes, or to the end of the event that begins with a text; gives the bytes read. */
async function read(stream: Stream, until: number | string): Promise<number> {
  const get = request(stream.url, {
    agent: false,
    headers: { authorization: `Bearer ${stream.session}`, 'last-event-id': stream.before },
  });
  get.end();
  const answered = Promise.withResolvers<IncomingMessage>();
  get.once('response', answered.resolve);
  get.once('error', answered.reject);
  const response = await answered.promise;
  if (response.statusCode !== 200) throw new Error(`GET: ${response.statusCode}`);
  const done = Promise.withResolvers<number>();
  let bytes = 0;
  let text = '';
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (typeof until === 'number') {
      if (bytes >= until) done.resolve(bytes);
      return;
    }
    text += chunk.toString('latin1');
    const at = text.indexOf(until);
    const end = at < 0 ? -1 : text.indexOf('\n\n', at);
    if (end >= 0) done.resolve(end + 2);
  });
  response.once('error', done.reject);
  response.once('end', () => done.reject(new Error(`the stream ended after ${bytes} bytes`)));
  const length = await done.promise;
  response.removeAllListeners('error').on('error', () => {});
  get.removeAllListeners('error').on('error', () => {});
  get.destroy();
  return length;
}
