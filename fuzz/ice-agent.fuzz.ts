// The ICE agent as a state machine (RFC 8445): the input is a script of operations, among them STUN messages with
// good integrity and odd contents, stray datagrams, time, candidates and errors of the network. Whatever comes, it
// keeps its caps, stops sending, and never goes back from an end.
import { ICE_DEFAULTS, IceAgent, type IceState, parseCandidate } from '@millrace/ice';
import { NEVER } from '@millrace/sans-io';
import type { SeededRandom } from '@millrace/sans-io/testing';
import {
  ERROR_CODE,
  ICE_CONTROLLED,
  ICE_CONTROLLING,
  METHOD_BINDING,
  MessageWriter,
  PRIORITY,
  shortTermKey,
  TRANSACTION_ID_AT,
  TRANSACTION_ID_BYTES,
  USE_CANDIDATE,
  USERNAME,
  XOR_MAPPED_ADDRESS,
} from '@millrace/stun';
import { nodeStunCrypto } from '@millrace/stun/node-crypto';
import { type FuzzTarget, invariant } from './target.ts';

const LOCAL = { usernameFragment: 'loca', password: 'locallocallocallocallocal' };
const REMOTE = { usernameFragment: 'remo', password: 'remoteremoteremoteremote' };
const LOCAL_KEY = shortTermKey(LOCAL.password);
const REMOTE_KEY = shortTermKey(REMOTE.password);
const MAX_BURST = 1_000;

const writer = new MessageWriter();
const slot = new Uint8Array(1500);

export const target: FuzzTarget = {
  name: 'ice-agent',
  seeds: [
    Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    Uint8Array.of(1, 1, 2, 2, 4, 5, 4, 5, 4, 5, 6, 6, 6, 6, 4, 5, 7),
    Uint8Array.of(2, 1, 4, 4, 4, 4, 6, 6, 5, 5, 5, 5, 6, 6, 6, 8, 8, 9, 4),
  ],
  run(script, random) {
    const agent = new IceAgent({
      role: random.chance(0.5) ? 'controlling' : 'controlled',
      crypto: nodeStunCrypto,
      random,
      local: LOCAL,
      nomination: random.chance(0.5) ? 'aggressive' : 'regular',
    });
    const sent: Uint8Array[] = [];
    let now = 1_000;
    let state: IceState = agent.state;
    let sockets = 0;
    const sink = {
      onStateChange(next: IceState): void {
        invariant(state !== 'closed' && (state !== 'failed' || next === 'closed'), `${next} after ${state}`);
        state = next;
      },
      onSelectedPair(): void {},
      onRoleChange(): void {},
    };
    const settle = (): void => {
      agent.expire(now);
      agent.drain(sink);
      let burst = 0;
      for (
        let length = agent.transmit(slot, 0, 1500, now);
        length > 0;
        length = agent.transmit(slot, 0, 1500, now)
      ) {
        invariant(++burst < MAX_BURST, 'it stops sending at some time');
        if (sent.length < 32) sent.push(slot.slice(0, length));
        else sent[random.below(32)] = slot.slice(0, length);
      }
      agent.drain(sink);
      invariant(state === agent.state, `the state ${agent.state} was told as ${state}`);
      invariant(
        agent.deadline() > now,
        `at ${now} with nothing left to do it wants to be called at ${agent.deadline()}`,
      );
    };
    settle();
    for (const byte of script) {
      const remote = { address: `198.51.100.${1 + random.below(60)}`, port: 5_000 + random.below(3) };
      const route = { socket: random.below(sockets + 1), remote };
      switch (byte % 10) {
        case 0:
        case 1:
          if (state === 'closed' || sockets >= 4) break;
          agent.addLocalCandidate(
            { socket: sockets, address: `192.0.2.${1 + sockets}`, port: 4_000 + sockets },
            now,
          );
          sockets++;
          break;
        case 2:
          if (state !== 'closed') agent.setRemoteParameters(REMOTE, now);
          break;
        case 3: {
          const candidate = parseCandidate(
            `candidate:1 1 udp ${random.u32()} ${remote.address} ${remote.port} typ ${random.chance(0.5) ? 'host' : 'srflx'}`,
          );
          if (candidate) agent.addRemoteCandidate(candidate, now);
          break;
        }
        case 4: {
          const length = writeRequest(random);
          agent.receive(slot, 0, length, now, route);
          break;
        }
        case 5: {
          const request = sent[random.below(sent.length)];
          if (request) agent.receive(slot, 0, writeResponse(request, random), now, route);
          break;
        }
        case 6:
          now = random.chance(0.7) && agent.deadline() < NEVER ? agent.deadline() : now + random.below(2_000);
          agent.expire(now);
          break;
        case 7:
          if (random.chance(0.3)) agent.endRemoteCandidates(now);
          else agent.onUnreachable(route, now);
          break;
        case 8: {
          const stray = sent[random.below(sent.length)]?.slice() ?? Uint8Array.of(byte);
          stray[random.below(stray.length)] = byte;
          agent.receive(stray, 0, random.below(stray.length + 1), now, route);
          break;
        }
        default:
          if (random.chance(0.05)) agent.close(now);
      }
      settle();
      const { pairs } = agent.stats;
      invariant(pairs.length <= ICE_DEFAULTS.maxPairs, `${pairs.length} pairs`);
      invariant(!agent.isVerified({ socket: 99, remote }), 'a socket that does not exist is never verified');
    }
    agent.close(now);
    settle();
    invariant(agent.transmit(slot, 0, 1500, now + 60_000) === 0, 'a closed agent is silent');
    invariant(agent.deadline() === NEVER, 'a closed agent has no timer');
  },
};

function writeRequest(random: SeededRandom): number {
  const id = new Uint8Array(TRANSACTION_ID_BYTES);
  id[0] = random.below(8); // few ids, so that some come again
  writer.begin(slot, 0, 1500, random.chance(0.9) ? 'request' : 'indication', METHOD_BINDING, id);
  if (random.chance(0.95))
    writer.add(USERNAME, `${LOCAL.usernameFragment}:${random.chance(0.9) ? 'remo' : 'else'}`);
  if (random.chance(0.95)) writer.add(PRIORITY, random.u32());
  if (random.chance(0.5)) writer.add(ICE_CONTROLLING, BigInt(random.u32()));
  else if (random.chance(0.9)) writer.add(ICE_CONTROLLED, BigInt(random.u32()));
  if (random.chance(0.3)) writer.add(USE_CANDIDATE, true);
  if (random.chance(0.95)) writer.addIntegrity(random.chance(0.95) ? LOCAL_KEY : REMOTE_KEY, nodeStunCrypto);
  if (random.chance(0.95)) writer.addFingerprint();
  return writer.finish();
}

function writeResponse(request: Uint8Array, random: SeededRandom): number {
  const id = request.slice(TRANSACTION_ID_AT, TRANSACTION_ID_AT + TRANSACTION_ID_BYTES);
  const isError = random.chance(0.2);
  writer.begin(slot, 0, 1500, isError ? 'error' : 'success', METHOD_BINDING, id);
  if (isError) writer.add(ERROR_CODE, { code: [400, 401, 420, 487, 500][random.below(5)]!, reason: '' });
  else if (random.chance(0.95))
    writer.add(XOR_MAPPED_ADDRESS, {
      address: `192.0.2.${1 + random.below(60)}`,
      port: 4_000 + random.below(4),
    });
  if (random.chance(0.95)) writer.addIntegrity(random.chance(0.95) ? REMOTE_KEY : LOCAL_KEY, nodeStunCrypto);
  if (random.chance(0.95)) writer.addFingerprint();
  return writer.finish();
}
