import { interop } from '../harness/suite.ts';
import { nodeDatachannel } from './implementation.ts';

interop(nodeDatachannel);
