// One peer of address-change.test.ts, in a network namespace of its own; signaling goes through its parent.
import { type RTCDataChannel, RTCPeerConnection } from 'millrace';

interface Signal {
  begin?: true;
  changed?: true;
  description?: { type: 'offer' | 'answer'; sdp: string } | null;
  candidate?: { candidate: string; sdpMid?: string | null; usernameFragment?: string | null } | null;
}

const RESTART_AGAIN = 2_000; // ms
const INTERVAL = 5; // ms between two messages
/** After those that are counted. */
const LAST = 'last';
const [, , part, messages = '0', how = 'restart'] = process.argv;
const pc = new RTCPeerConnection({
  millrace: { continualGathering: how === 'continual', renomination: how === 'renomination' },
});
const tell = (what: object): void => void process.send?.(what);

/** How many are still to be sent: without end until the address has changed. */
let left = Number.POSITIVE_INFINITY;
let awake = performance.now();
let stall = 0;
setInterval(() => {
  const at = performance.now();
  if (at - awake - 20 > stall + 50) tell({ stall: (stall = at - awake - 20) });
  awake = at;
}, 20);

pc.onicecandidate = ({ candidate }) => candidate && tell({ signal: { candidate } });
pc.onnegotiationneeded = async () => {
  if (part !== 'sender') return;
  await pc.setLocalDescription();
  tell({ signal: { description: pc.localDescription } });
};
pc.onconnectionstatechange = () => {
  tell({ state: pc.connectionState });
  if (part === 'sender' && how === 'restart' && pc.connectionState === 'disconnected') restart();
};
// The new address may come after the old one has gone: asked again until there is a way.
function restart(): void {
  if (pc.connectionState === 'connected' || pc.connectionState === 'closed') return;
  if (pc.signalingState === 'stable') pc.restartIce();
  setTimeout(restart, RESTART_AGAIN);
}

process.on('message', ({ begin: isBegin, changed: isChanged, description, candidate }: Signal) => {
  if (isBegin) begin();
  else if (isChanged) left = Number(messages);
  else void onSignal(description, candidate);
});

async function onSignal(description: Signal['description'], candidate: Signal['candidate']): Promise<void> {
  if (candidate) await pc.addIceCandidate(candidate).catch(() => {});
  if (!description) return;
  await pc.setRemoteDescription(description);
  if (description.type !== 'offer') return;
  await pc.setLocalDescription();
  tell({ signal: { description: pc.localDescription } });
}

function begin(): void {
  const channel: RTCDataChannel = pc.createDataChannel('numbers');
  channel.onopen = () => {
    let sent = 0;
    const timer = setInterval(() => {
      channel.send(String(sent++));
      if (left-- > 0) return;
      clearInterval(timer);
      channel.send(LAST);
    }, INTERVAL);
  };
}

if (part === 'receiver') {
  pc.ondatachannel = ({ channel }) => {
    let count = 0;
    let last = performance.now();
    let longest = 0;
    channel.onmessage = ({ data }) => {
      const at = performance.now();
      longest = Math.max(longest, at - last);
      last = at;
      if (data === LAST) tell({ count, longest });
      else if (data !== String(count++)) tell({ failure: `message ${count - 1} says ${data}` });
      else if (count === 1) tell({ begun: true });
    };
  };
}

// A message that comes before anybody listens may be lost: the parent waits for this.
tell({ ready: true });
