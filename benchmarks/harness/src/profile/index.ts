export { type Call, type CpuProfile, type HotFunction, hottest, toCallTree } from './call-tree.ts';
export { drawFlameGraph } from './flame-graph.ts';
