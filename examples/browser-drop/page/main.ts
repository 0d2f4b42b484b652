// The page: meets the program that serves it, gives it the files that are dropped here, and takes what it offers.
// Nothing that comes from there is ever markup: all of it is text.
import { connect, type Peer } from '@millrace/signaling/connect';
import { Line, TransferError } from '../src/wire/channel.ts';
import {
  FILE_CHANNEL,
  formatSize,
  type Greeting,
  type Offer,
  parseGreeting,
  SIDES,
} from '../src/wire/greeting.ts';
import { Sha256 } from '../src/wire/sha256.ts';
import { giveUp, receiveFile, sendFile } from '../src/wire/transfer.ts';
import { openPlace, writesToDisk } from './place.ts';
import { element, Row } from './row.ts';

type Connected = Peer<RTCPeerConnection>;

/** Bytes of a file read at a time. */
const BLOCK_BYTES = 1024 * 1024;
/** Above this size a browser that keeps files in memory is told so. */
const LARGE = 256 * 1024 * 1024;

const state = element('state');
const again = element('again') as HTMLButtonElement;
const drop = element('drop');
const pick = element('pick') as HTMLInputElement;

let peer: Connected | undefined;
/** Files are given one after the other. */
let giving: Promise<void> = Promise.resolve();

again.addEventListener('click', () => void run());
addEventListener('hashchange', () => location.reload());
addEventListener('pagehide', () => void peer?.close());
listenForFiles();
await run();

async function run(): Promise<void> {
  again.hidden = true;
  const [room, token] = location.hash.slice(1).split('.');
  if (!room || !token) {
    state.textContent =
      'The address is not complete: what is behind the # is missing. Open the one that was printed.';
    return;
  }
  state.textContent = 'Looking for the other computer…';
  try {
    peer = await connect<RTCPeerConnection>({
      url: new URL('.', location.href).href,
      room,
      token,
      side: SIDES.page,
    });
    const connected = peer;
    connected.channel.addEventListener('message', ({ data }) => {
      const greeting = parseGreeting(data);
      if (greeting) welcome(connected, greeting);
    });
    state.textContent = 'Connected directly to the other computer.';
    await connected.closed;
    state.textContent = 'The other computer has ended the connection.';
  } catch (error) {
    state.textContent = `There is no connection: ${(error as Error).message}.`;
  }
  peer = undefined;
  element('give').hidden = true;
  element('take').hidden = true;
  again.hidden = false;
}

function welcome(to: Connected, { offers, takes }: Greeting): void {
  element('give').hidden = !takes;
  element('take').hidden = offers.length === 0;
  element('memory').hidden = writesToDisk() || offers.every(({ size }) => size < LARGE);
  element('offers').replaceChildren(...offers.map((offer) => offerItem(to, offer)));
}

function offerItem(from: Connected, offer: Offer): HTMLElement {
  const item = document.createElement('li');
  const name = document.createElement('bdi');
  name.className = 'name';
  name.textContent = offer.name;
  const detail = document.createElement('p');
  detail.className = 'detail';
  detail.textContent = formatSize(offer.size);
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Take';
  button.setAttribute('aria-label', `Take ${offer.name}`);
  button.addEventListener('click', () => void take(from, offer));
  item.append(name, button, detail);
  return item;
}

function listenForFiles(): void {
  pick.addEventListener('change', () => {
    give([...(pick.files ?? [])]);
    pick.value = ''; // the same file may be chosen again
  });
  // Anywhere on the page: a file that misses the frame would otherwise replace the page.
  for (const type of ['dragenter', 'dragover'])
    addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  for (const type of ['dragleave', 'drop'])
    addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.remove('over');
    });
  addEventListener('drop', ({ dataTransfer }) => give([...(dataTransfer?.files ?? [])]));
}

function give(files: readonly File[]): void {
  const to = peer;
  if (!to || element('give').hidden) return;
  for (const file of files) {
    const row = new Row(file.name, file.size, 'Given');
    giving = giving.then(() => giveOne(to, file, row));
  }
}

async function giveOne(to: Connected, file: File, row: Row): Promise<void> {
  if (row.isCancelled) return;
  const line = open(to, row);
  const source = { name: file.name, size: file.size, blocks: blocksOf(file) };
  const options = { hash: new Sha256(), onProgress: (bytes: number) => row.progress(bytes) };
  await row.show(sendFile(line, source, options));
}

async function take(from: Connected, { id, name, size }: Offer): Promise<void> {
  let place: Awaited<ReturnType<typeof openPlace>>;
  try {
    place = await openPlace(name); // first of all: a browser asks only right after a click
  } catch {
    return; // whoever clicked has thought better of it
  }
  const row = new Row(name, size, 'Taken');
  const line = open(from, row);
  const options = { hash: new Sha256(), onProgress: (bytes: number) => row.progress(bytes) };
  const receive = async () => {
    try {
      await line.ready();
      line.tell({ type: 'want', id });
      const offer = await line.next();
      return await receiveFile(line, offer instanceof Uint8Array ? {} : offer, async () => place, options);
    } catch (error) {
      await place.discard();
      giveUp(line, error);
      throw error;
    }
  };
  await row.show(receive());
}

/** A channel for one file, given up when its row or the connection is. */
function open(to: Connected, row: Row): Line {
  const line = new Line(to.connection.createDataChannel(FILE_CHANNEL));
  row.onCancel = () => line.close();
  const end = (): void => line.fail(new TransferError('the connection is gone'));
  to.closed.then(end, end);
  return line;
}

async function* blocksOf(file: File): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (let at = 0; at < file.size; at += BLOCK_BYTES) {
    const block = file.slice(at, at + BLOCK_BYTES);
    yield new Uint8Array(
      await block.arrayBuffer().catch((cause: unknown) => {
        throw new TransferError('the file cannot be read', false, { cause: cause as Error });
      }),
    );
  }
}
