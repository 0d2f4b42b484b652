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
      roomRecords: 1_024,
      roomBytes: 16 * MIB,
      requestBytes: MIB,
      requestsPerSecond: 1e6,
      requestBurst: 1e6,
    });
    const stream = await fillRoom(server, records as number, bodyBytes as number);
    const streamBytes = await read(stream);
    for (
      const end = performance.now() + WARM_UP_MS * Math.min(1, seconds as number);
      performance.now() < end;
    )
      await read(stream);

    const costs = new CostMeter();
    const began = performance.now();
    const end = began + (seconds as number) * 1000;
    let batches = 0;
    do {
      await read(stream);
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
  /** Of the batch: it begins with the first record and ends behind the last. */
  readonly url: string;
  readonly token: string;
}

/** A room in which there are so many records. */
async function fillRoom(server: SignalingServer, records: number, bodyBytes: number): Promise<Stream> {
  const { room, token } = await server.createRoom();
  const url = `${server.url}/rooms/${room}/records`;
  const body = 'x'.repeat(bodyBytes);
  for (let sent = 0; sent < records; sent += POSTED_RECORDS) {
    const count = Math.min(POSTED_RECORDS, records - sent);
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ records: Array.from({ length: count }, () => ({ body })) }),
    });
    if (!response.ok) throw new Error(`POST: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }
  return { url: `${url}?seq_num=0&count=${records}`, token };
}

/** Reads the stream to its end; gives the bytes read. */
async function read({ url, token }: Stream): Promise<number> {
  const get = request(url, {
    agent: false,
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
  });
  get.end();
  const answered = Promise.withResolvers<IncomingMessage>();
  get.once('response', answered.resolve);
  get.once('error', answered.reject);
  const response = await answered.promise;
  if (response.statusCode !== 200) throw new Error(`GET: ${response.statusCode}`);
  const done = Promise.withResolvers<number>();
  let bytes = 0;
  response.on('data', (chunk: Buffer) => (bytes += chunk.length));
  response.once('error', done.reject);
  response.once('end', () => done.resolve(bytes));
  return done.promise;
}
