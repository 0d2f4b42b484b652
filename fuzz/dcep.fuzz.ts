// The two messages of DCEP (RFC 8832): what parses, written and parsed again, is the same.
import { ACK, parseDcep, writeOpen } from '@millrace/datachannel';
import { type FuzzTarget, invariant } from './target.ts';

const OPEN = { label: 'chat', protocol: 'irc', ordered: true, priority: 256 };

export const target: FuzzTarget = {
  name: 'dcep',
  seeds: [
    ACK,
    writeOpen({ ...OPEN, maxRetransmits: undefined, maxPacketLifeTime: undefined }),
    writeOpen({
      ...OPEN,
      label: 'größer 漢字',
      ordered: false,
      maxRetransmits: 3,
      maxPacketLifeTime: undefined,
    }),
    writeOpen({ ...OPEN, label: '', protocol: '', maxRetransmits: undefined, maxPacketLifeTime: 500 }),
  ],
  run(bytes) {
    const message = parseDcep(bytes);
    if (message?.type !== 'open') return;
    const { open } = message;
    invariant(open.maxRetransmits === undefined || open.maxPacketLifeTime === undefined, 'at most one limit');
    const again = parseDcep(writeOpen(open));
    invariant(
      again?.type === 'open' && JSON.stringify(again.open) === JSON.stringify(open),
      `${JSON.stringify(open)} reads as ${JSON.stringify(again)} when written again`,
    );
  },
};
