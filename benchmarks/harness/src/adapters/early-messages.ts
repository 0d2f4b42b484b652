type Message = Uint8Array | ArrayBuffer;

/** Messages that came before a flow has set its handler: with a channel's opening can come its first message. */
export class EarlyMessages {
  #kept: Message[] = [];

  keep(message: Message): void {
    this.#kept.push(message);
  }

  release(handler: (message: Message) => void): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const message of kept) handler(message);
  }
}
