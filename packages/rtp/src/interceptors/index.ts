// What stands between a socket and an application: retransmission, reports, bandwidth estimation.
export {};
