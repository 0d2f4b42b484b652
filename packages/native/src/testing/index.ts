// The suites of behaviour that every implementation of these interfaces passes, whatever it is made of.
export { type AeadSubject, aeadSuite, nodeKey, type SuiteAlgorithm, type SuiteKey } from './aead-suite.ts';
export { type SuiteHandlers, type SuiteSocket, type UdpSubject, udpSuite } from './udp-suite.ts';
