import wrtc from '@roamhq/wrtc';
import { serve } from '../agent/process.ts';
import type { PeerConnectionClass } from '../agent/w3c.ts';

serve({ RTCPeerConnection: wrtc.RTCPeerConnection as unknown as PeerConnectionClass });
