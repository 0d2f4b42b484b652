export {
  type Hop,
  type HostOptions,
  type VirtualEvent,
  VirtualHost,
  VirtualNetwork,
  type VirtualNetworkOptions,
} from './network.ts';
