import { interop } from '../harness/suite.ts';
import { werift } from './implementation.ts';

interop(werift);
