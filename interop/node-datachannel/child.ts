import { RTCPeerConnection } from 'node-datachannel/polyfill';
import { serve } from '../agent/process.ts';
import type { PeerConnectionClass } from '../agent/w3c.ts';

serve({ RTCPeerConnection: RTCPeerConnection as unknown as PeerConnectionClass });
