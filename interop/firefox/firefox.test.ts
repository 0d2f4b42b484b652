import { interop } from '../harness/suite.ts';
import { firefox } from './implementation.ts';

interop(firefox);
