import { interop } from '../harness/suite.ts';
import { wrtc } from './implementation.ts';

interop(wrtc);
