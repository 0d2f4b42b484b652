// One message of 1 KiB at a time, there and back, over a reliable ordered channel that carries nothing else.
import type { Channel, Flow } from '@millrace/bench-harness';

export const flow: Flow = {
  async offerer({ settings, connect, tell }) {
    const { channel, close } = await connect();
    const message = new Uint8Array(settings.messageBytes!).fill(0x5a);
    for (let i = 0; i < settings.warmUp!; i++) await roundTrip(channel, message);
    const roundTripMs: number[] = [];
    const end = performance.now() + settings.seconds! * 1000;
    while (performance.now() < end) roundTripMs.push(await roundTrip(channel, message));
    tell(0);
    close();
    return { roundTripMs };
  },

  async answerer({ settings, accept, heard }) {
    const { channel, close } = await accept();
    const message = new Uint8Array(settings.messageBytes!).fill(0xa5);
    channel.onMessage(() => channel.send(message));
    await heard();
    close();
    return undefined;
  },
};

function roundTrip(channel: Channel, message: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    const started = performance.now();
    channel.onMessage(() => resolve(performance.now() - started));
    channel.send(message);
  });
}
