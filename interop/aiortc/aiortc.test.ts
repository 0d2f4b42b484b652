import { interop } from '../harness/suite.ts';
import { aiortc } from './implementation.ts';

interop(aiortc);
