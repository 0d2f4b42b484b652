// What a socket counts, from when it was opened. See `UdpStats`.
export class Counts {
  sendCalls = 0;
  receiveCalls = 0;
  datagramsSent = 0;
  bytesSent = 0;
  datagramsReceived = 0;
  bytesReceived = 0;
  datagramsRefused = 0;
  datagramsTooLong = 0;
  timesBusy = 0;
  truncated = 0;
}
