// One cap for what all connections of the process together hold of messages: queued, under way, or not yet read.
import { totalmem } from 'node:os';
import { MemoryBudget } from '@millrace/sctp';

/** A share of the machine's memory. Each connection has limits of its own below that. */
const SHARE = 1 / 4;

export const sharedMemory: MemoryBudget = new MemoryBudget(Math.floor(totalmem() * SHARE));
