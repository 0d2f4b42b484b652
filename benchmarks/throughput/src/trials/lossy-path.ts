// A bulk transfer over a simulated path in virtual time: how much of the link's rate reaches the application with a
// given round-trip time and loss. It is the same on any machine, to the last digit.
import type { OperationSettings, Trial } from '@millrace/bench-harness';
import { megabits } from '@millrace/sans-io/testing';
import type { SctpSink } from '@millrace/sctp';
import { connectedPair } from '@millrace/sctp/testing';

const MESSAGE_BYTES = 16_384;
const QUEUED_BYTES = 1 << 20;
const PPID_BINARY = 53;
const ORDERED = { ordered: true } as const;
/** Virtual milliseconds between two looks at the send queue: less than it takes to empty it at any of the rates. */
const FEED_MILLIS = 5;

export const trial: Trial = {
  millrace(settings: OperationSettings) {
    const { megabitsPerSecond, roundTripTime, lossPercent, startUpSeconds, seconds, seed } =
      settings as Record<string, number>;
    const rate = megabits(megabitsPerSecond!);
    let bytes = 0;
    const sink: SctpSink = {
      onConnected() {},
      onMessage(_stream, _ppid, message) {
        bytes += message.length;
      },
      onStreamsReset() {},
      onResetDone() {},
      onResetFailed() {},
      onSent() {},
      onClosed({ code }) {
        throw new Error(`the association has ended: ${code}`);
      },
    };
    const pair = connectedPair({
      seed: seed!,
      sink: () => sink,
      // Windows are not what is measured here.
      both: { receiveWindow: 64 * 1024 * 1024, sendQueueLimit: 2 * QUEUED_BYTES },
      wire: {
        delay: roundTripTime! / 2,
        rate,
        loss: lossPercent! / 100,
        // One bandwidth-delay product, but never less than a few packets.
        queue: Math.max(rate * roundTripTime!, 32 * 1_200),
      },
    });
    const message = new Uint8Array(MESSAGE_BYTES);
    const runFor = (millis: number): void => {
      for (const end = pair.now + millis; pair.now < end; ) {
        while (pair.a.totalBuffered < QUEUED_BYTES)
          pair.a.send(1, PPID_BINARY, message, 0, MESSAGE_BYTES, ORDERED, pair.now);
        pair.forget();
        pair.run(FEED_MILLIS);
      }
    };
    runFor(startUpSeconds! * 1000);
    const [before, since] = [bytes, pair.now];
    runFor(seconds! * 1000);
    const { retransmittedChunks, packetsSent, timeouts } = pair.a.stats;
    return {
      sharePercent: (100 * (bytes - before)) / ((pair.now - since) * rate),
      retransmittedPercent: (100 * retransmittedChunks) / packetsSent,
      timeouts,
    };
  },
};
