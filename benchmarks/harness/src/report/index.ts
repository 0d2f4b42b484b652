export { drawHeatMap, drawPercentiles, drawRatios, drawStacks, drawTrend } from './charts.ts';
export { advantageOver, costByProcess, oursOf, percent, titleOf, valuesOf } from './numbers.ts';
export { renderReport } from './page.ts';
export { renderPng } from './png.ts';
