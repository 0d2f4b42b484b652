// One file on its way, as the page shows it: name, progress, and at the end what was verified or what went wrong.
import { formatSize } from '../src/wire/greeting.ts';
import type { Transferred } from '../src/wire/transfer.ts';

export function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

export class Row {
  onCancel: () => void = () => {};
  readonly #verb: 'Given' | 'Taken';
  readonly #size: number;
  readonly #item = document.createElement('li');
  readonly #bar = document.createElement('progress');
  readonly #detail = document.createElement('p');
  readonly #cancel = document.createElement('button');
  #started = performance.now();
  #isCancelled = false;

  constructor(name: string, size: number, verb: 'Given' | 'Taken') {
    this.#verb = verb;
    this.#size = size;
    const title = document.createElement('bdi');
    title.className = 'name';
    title.textContent = name;
    this.#bar.max = Math.max(size, 1);
    this.#bar.value = 0;
    this.#bar.setAttribute('aria-label', name);
    this.#detail.className = 'detail';
    this.#detail.textContent = 'waiting';
    this.#cancel.type = 'button';
    this.#cancel.textContent = 'Cancel';
    this.#cancel.setAttribute('aria-label', `Cancel ${name}`);
    this.#cancel.addEventListener('click', () => {
      this.#isCancelled = true;
      this.#fail('cancelled');
      this.onCancel();
    });
    this.#item.append(title, this.#cancel, this.#bar, this.#detail);
    element('rows').prepend(this.#item);
    element('transfers').hidden = false;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  progress(bytes: number): void {
    const rate = bytes / Math.max((performance.now() - this.#started) / 1000, 0.001);
    const left = (this.#size - bytes) / rate;
    this.#bar.value = bytes;
    this.#detail.textContent =
      `${formatSize(bytes)} of ${formatSize(this.#size)}, ${formatSize(Math.round(rate))}/s` +
      (bytes < this.#size ? `, ${Math.ceil(left)} s left` : '');
  }

  /** Shows how the transfer ends; never rejects. */
  async show(transfer: Promise<Transferred>): Promise<void> {
    this.#started = performance.now();
    this.#detail.textContent = 'under way';
    try {
      const { bytes, sha256 } = await transfer;
      this.#item.className = 'done';
      this.#detail.setAttribute('role', 'status');
      this.#detail.textContent = `${this.#verb} and verified, ${formatSize(bytes)}`;
      this.#bar.value = this.#bar.max;
      this.#cancel.remove();
      const digest = document.createElement('code');
      digest.textContent = `SHA-256 ${sha256}`;
      this.#item.append(digest);
    } catch (error) {
      if (!this.#isCancelled) this.#fail((error as Error).message);
    }
  }

  #fail(reason: string): void {
    this.#item.className = 'failed';
    this.#detail.setAttribute('role', 'status');
    this.#detail.textContent = `Not ${this.#verb.toLowerCase()}: ${reason}`;
    this.#cancel.remove();
  }
}
