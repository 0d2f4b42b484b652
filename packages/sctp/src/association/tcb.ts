// The transmission control block (RFC 9260 §14): what two ends have agreed on, and the two halves that move data.
// It exists from the INIT ACK or the COOKIE ECHO on.
import type { StateCookie } from '../packet/cookie.ts';
import { Receiver } from '../rx/receiver.ts';
import { chunkFormat } from '../tx/chunk-format.ts';
import { Sender } from '../tx/sender.ts';
import type { Capabilities } from './capabilities.ts';
import type { AssociationContext } from './context.ts';
import { StreamReset } from './stream-reset.ts';
import { StreamResetAnswer } from './stream-reset-answer.ts';

/** What a TCB is made of: an INIT ACK's contents or a cookie's. */
export type Agreement = Pick<
  StateCookie,
  | 'localTag'
  | 'peerTag'
  | 'localInitialTsn'
  | 'peerInitialTsn'
  | 'peerWindow'
  | 'outboundStreams'
  | 'inboundStreams'
  | 'capabilities'
>;

export class Tcb {
  readonly localTag: number;
  /** Both INITs came by signaling: there was no handshake. */
  isSignaled = false;
  peerTag: number;
  outboundStreams: number;
  inboundStreams: number;
  capabilities: Capabilities;
  receiver: Receiver;
  readonly sender: Sender;
  streamReset: StreamReset;
  streamResetAnswer: StreamResetAnswer;
  /** First sequence number of either side's stream reset requests (RFC 6525 §5.1.1). */
  readonly localInitialTsn: number;
  peerInitialTsn: number;

  constructor(context: AssociationContext, agreement: Agreement) {
    this.localTag = agreement.localTag;
    this.peerTag = agreement.peerTag;
    this.outboundStreams = agreement.outboundStreams;
    this.inboundStreams = agreement.inboundStreams;
    this.capabilities = agreement.capabilities;
    this.localInitialTsn = agreement.localInitialTsn;
    this.peerInitialTsn = agreement.peerInitialTsn;
    this.receiver = receiverFor(context, agreement);
    this.sender = new Sender({
      options: context.options,
      size: context.size,
      queue: context.queue,
      timers: context.timers,
      errors: context.errors,
      rto: context.rto,
      initialTsn: agreement.localInitialTsn,
      peerWindow: agreement.peerWindow,
      partialReliability: agreement.capabilities.forwardTsn,
      // Deviation: only of peers whose stack is known. werift throws away all unfinished messages at any FORWARD TSN.
      skipsEmptyTsns: agreement.capabilities.forwardTsn && agreement.capabilities.padding,
      format: chunkFormat(agreement.capabilities.interleaving),
      latestTsns: agreement.capabilities.latestTsns,
    });
    this.streamReset = new StreamReset(context, this);
    this.streamResetAnswer = new StreamResetAnswer(context, this, this.streamReset);
  }

  /**
   * RFC 9260 §5.2.4 B: the peer is not whom the INIT ACK came from; nothing has been received from it yet. The streams
   * that the user has been told of stay, even if this one has fewer: it answers for them with an error cause.
   */
  adoptPeer(context: AssociationContext, theirs: Agreement): void {
    const agreement = {
      ...theirs,
      outboundStreams: Math.max(theirs.outboundStreams, this.outboundStreams),
      inboundStreams: Math.max(theirs.inboundStreams, this.inboundStreams),
    };
    this.peerTag = agreement.peerTag;
    this.outboundStreams = agreement.outboundStreams;
    this.inboundStreams = agreement.inboundStreams;
    this.capabilities = agreement.capabilities;
    this.peerInitialTsn = agreement.peerInitialTsn;
    this.receiver = receiverFor(context, agreement);
    this.sender.peerWindow = agreement.peerWindow;
    this.sender.recovery.hasLatestTsns = agreement.capabilities.latestTsns;
    this.streamReset = new StreamReset(context, this);
    this.streamResetAnswer = new StreamResetAnswer(context, this, this.streamReset);
  }
}

function receiverFor(context: AssociationContext, agreement: Agreement): Receiver {
  context.window.reset();
  return new Receiver(
    context.options,
    context.timers,
    context.events,
    context.drops,
    context.window,
    agreement.peerInitialTsn,
    agreement.inboundStreams,
    agreement.capabilities.interleaving,
    agreement.capabilities.latestTsns,
  );
}
