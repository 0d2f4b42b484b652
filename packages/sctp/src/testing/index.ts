export {
  type ConnectedPair,
  type ConnectedPairOptions,
  connectedPair,
  Recorder,
  testAssociation,
} from './connected-pair.ts';
