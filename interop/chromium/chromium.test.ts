import { interop } from '../harness/suite.ts';
import { chromium } from './implementation.ts';

interop(chromium);
