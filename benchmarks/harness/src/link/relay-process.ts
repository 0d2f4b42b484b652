// The relay as a process of its own. Started by `startRelay` it talks over IPC; started by hand it prints its ports:
//   node --conditions=@millrace/source benchmarks/harness/src/link/relay-process.ts b=127.0.0.1:7000 rate=100 rtt=50
// carries what comes to its face A on to 127.0.0.1:7000, and answers back, over such a link.
import { parseLinkSettings, wireOptions } from './link-settings.ts';
import { type Address, type Face, UdpRelay } from './relay.ts';
import type { FromRelay, ToRelay } from './start-relay.ts';

const words = process.argv.slice(2);
const isPeer = (word: string): boolean => /^[ab]=/.test(word);
const seed = words.find((word) => word.startsWith('seed='));
const settings = parseLinkSettings(words.filter((word) => !isPeer(word) && word !== seed));
const relay = await UdpRelay.open({
  wire: wireOptions(settings),
  ...(seed === undefined ? {} : { seed: Number(seed.slice(5)) }),
});
for (const word of words.filter(isPeer)) relay.setPeer(word[0] as Face, parseAddress(word.slice(2)));

if (process.send === undefined) {
  console.log(`face a: port ${relay.port('a')}, face b: port ${relay.port('b')}`);
} else {
  const say = (message: FromRelay): void => {
    process.send?.(message);
  };
  process.on('message', (message: ToRelay) => {
    if (message.type === 'peer') relay.setPeer(message.face, message.peer);
    else if (message.type === 'change') relay.change(wireOptions(parseLinkSettings(message.words)));
    else say({ type: 'stats', ab: { ...relay.stats('a') }, ba: { ...relay.stats('b') } });
  });
  process.on('disconnect', () => process.exit(0));
  say({ type: 'ready', a: relay.port('a'), b: relay.port('b') });
}

function parseAddress(text: string): Address {
  const [address = '', port = ''] = text.split(':');
  return { address, port: Number(port) };
}
