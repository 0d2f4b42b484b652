export { type ConnectedPair, type ConnectedPairOptions, connectedPair, Recorder } from './connected-pair.ts';
