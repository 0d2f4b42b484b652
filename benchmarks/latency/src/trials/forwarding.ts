// One sender, one forwarder and many receivers, in three processes over loopback: this one forwards, and its costs are
// the forwarder's. It starts the other two, carries what they have to say to each other, and ends them.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  CostMeter,
  type Measurement,
  type OperationSettings,
  type Settings,
  type Trial,
} from '@millrace/bench-harness';
import { type Forwarder, millraceForwarder, weriftForwarder } from '../forwarding/forwarders.ts';
import type { Description, EndArguments, FromEnd, Report, ToEnd } from '../forwarding/messages.ts';
import { FRAMES_PER_SECOND, PACKETS_PER_FRAME } from '../forwarding/stream.ts';

const END_PROCESS = fileURLToPath(new URL('../forwarding/end-process.ts', import.meta.url));
/** What is still under way when the last packet has been sent: it has come when no more has for so long. */
const STRAGGLERS_MS = 200;
/** Of what does not come, that it is lost is known when nothing has come for so long: a process may stand still. */
const LOST_MS = 3_000;
const LEAVE_MS = 1_000;

export const trial: Trial = {
  millrace: (settings) => run(settings, millraceForwarder),
  'millrace-portable'(settings) {
    process.env.MILLRACE_NATIVE = 'off';
    return run(settings, millraceForwarder);
  },
  werift: (settings) => run(settings, weriftForwarder),
};

async function run(given: OperationSettings, makeForwarder: () => Promise<Forwarder>): Promise<Measurement> {
  const receivers = given.receivers as number;
  const packetsIn = (seconds: number): number => Math.ceil(seconds * FRAMES_PER_SECOND) * PACKETS_PER_FRAME;
  const settings: Settings = {
    receivers,
    packets: packetsIn(given.seconds as number),
    warmUpPackets: packetsIn(given.warmUpSeconds as number),
  };
  const forwarder = await makeForwarder();
  const ends = { sender: new End('sender', settings), receivers: new End('receivers', settings) };
  try {
    await connect(forwarder, ends, receivers);
    return await measure(ends, settings);
  } finally {
    forwarder.close();
    await Promise.all([ends.sender.leave(), ends.receivers.leave()]);
  }
}

interface Ends {
  readonly sender: End;
  readonly receivers: End;
}

async function connect(forwarder: Forwarder, ends: Ends, receivers: number): Promise<void> {
  const { sender, receivers: far } = ends;
  const direct = receivers + 1;
  sender.tell({
    type: 'signal',
    connection: 0,
    description: await forwarder.answer(await sender.described(0)),
  });
  far.tell({ type: 'signal', connection: direct, description: await sender.described(direct) });
  sender.tell({ type: 'signal', connection: direct, description: await far.described(direct) });
  for (let connection = 1; connection <= receivers; connection++) {
    const { description, accept } = await forwarder.offer();
    far.tell({ type: 'signal', connection, description });
    await accept(await far.described(connection));
    await far.heard('connected', connection);
  }
  await Promise.all([
    sender.heard('connected', 0),
    sender.heard('connected', direct),
    far.heard('connected', direct),
    forwarder.connected(),
  ]);
}

async function measure(ends: Ends, { receivers, packets }: Settings): Promise<Measurement> {
  const costs = new CostMeter();
  ends.sender.tell({ type: 'go' });
  await ends.sender.heard('measuring');
  costs.restart();
  const started = performance.now();
  await ends.sender.heard('sent');
  const millis = performance.now() - started;
  const cost = await costs.read();
  costs.stop();
  const sent = packets! * receivers!;
  const report = await lastReport(ends.receivers, sent);
  return {
    added: report.added,
    whole: report.whole,
    direct: report.direct,
    cores: cost.cpu / millis,
    packetsPerSecond: (report.received / millis) * 1000,
    lossPercent: 100 * (1 - report.received / sent),
    microsPerPacket: (cost.cpu * 1000) / sent,
    heapBytesPerPacket: cost.allocatedBytes / sent,
    collections: cost.collections,
    least: report.least,
  };
}

/** What has come when all has, or no more comes. */
async function lastReport(receivers: End, sent: number): Promise<Report> {
  let received = -1;
  for (let since = performance.now(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, STRAGGLERS_MS));
    const { report } = (await receivers.ask({ type: 'report' }, 'report')) as { report: Report };
    if (report.received === sent || performance.now() - since > LOST_MS) return report;
    if (report.received !== received) since = performance.now();
    received = report.received;
  }
}

/** The process of an end. What it says waits until somebody asks for it. */
class End {
  readonly #child: ChildProcess;
  readonly #said = new Map<string, PromiseWithResolvers<FromEnd>>();
  readonly #stderr: string[] = [];
  #failure: Error | undefined;
  #isLeaving = false;

  constructor(role: EndArguments['role'], settings: Settings) {
    const args: EndArguments = { role, settings };
    const { MILLRACE_NATIVE: _, ...env } = process.env;
    this.#child = fork(END_PROCESS, [JSON.stringify(args)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--conditions=@millrace/source'],
      env,
    });
    this.#child.stderr?.on('data', (chunk) => this.#stderr.push(String(chunk)));
    this.#child.on('message', (message: FromEnd) => {
      if (message.type === 'failed') this.#fail(new Error(`the ${role} failed: ${message.reason}`));
      else this.#slot(keyOf(message.type, 'connection' in message ? message.connection : 0)).resolve(message);
    });
    this.#child.on('exit', (code, signal) => {
      const last = this.#stderr.join('').trim().split('\n').slice(-8).join('\n');
      this.#fail(new Error(`the ${role} ended early (${signal ?? `exit code ${code}`})\n${last}`));
    });
  }

  tell(message: ToEnd): void {
    if (this.#child.connected) this.#child.send(message, () => {}); // one that has just gone is noticed by its exit
  }

  heard(type: FromEnd['type'], connection = 0): Promise<FromEnd> {
    return this.#slot(keyOf(type, connection)).promise;
  }

  /** The next answer to `question`, which may be asked again. */
  ask(question: ToEnd, answer: FromEnd['type']): Promise<FromEnd> {
    this.#said.delete(keyOf(answer, 0));
    this.tell(question);
    return this.heard(answer);
  }

  async described(connection: number): Promise<Description> {
    const signal = (await this.heard('signal', connection)) as { readonly description: Description };
    return signal.description;
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.tell({ type: 'exit' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), LEAVE_MS);
    await exited;
    clearTimeout(timer);
  }

  #slot(key: string): PromiseWithResolvers<FromEnd> {
    let slot = this.#said.get(key);
    if (slot === undefined) {
      slot = Promise.withResolvers();
      slot.promise.catch(() => {}); // whoever waits hears of it
      this.#said.set(key, slot);
      if (this.#failure) slot.reject(this.#failure);
    }
    return slot;
  }

  #fail(error: Error): void {
    if (this.#isLeaving) return;
    this.#failure ??= error;
    for (const { reject } of this.#said.values()) reject(this.#failure);
  }
}

function keyOf(type: string, connection: number): string {
  return `${type} ${connection}`;
}
