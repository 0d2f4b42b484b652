// millrace in its own process. Loopback candidates are on, so that a machine without a network can run this too.

import { RTCPeerConnection } from 'millrace';
import { serve } from '../agent/process.ts';
import type { PeerConnectionClass } from '../agent/w3c.ts';

serve({
  RTCPeerConnection: RTCPeerConnection as unknown as PeerConnectionClass,
  configuration: { millrace: { loopback: true } },
});
