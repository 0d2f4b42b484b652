import { DataChannelError, type DataChannelErrorCode } from '@millrace/datachannel';

/** The code of the error that `run` throws, or `undefined` if it throws none. */
export function codeOf(run: () => unknown): DataChannelErrorCode | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof DataChannelError) return error.code;
    throw error;
  }
}
