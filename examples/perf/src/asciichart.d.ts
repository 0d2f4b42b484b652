declare module 'asciichart' {
  interface PlotConfig {
    readonly min?: number;
    readonly max?: number;
    readonly height?: number;
    readonly offset?: number;
    readonly colors?: readonly (string | undefined)[];
    readonly format?: (value: number) => string;
  }
  const asciichart: {
    readonly cyan: string;
    readonly yellow: string;
    plot(series: readonly (readonly number[])[], config?: PlotConfig): string;
  };
  export = asciichart;
}
