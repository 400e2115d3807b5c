// Why a data file is shown as pages of rows and not as text, in a sentence for the person. Pure.

/** VS Code gives extensions no text document of more UTF-16 units than this; for most data, as many bytes. */
export const largestTextBytes = 50 * 1024 * 1024;

export interface ViewReason {
  readonly notice: string;
  /** There is text to open instead. */
  readonly canOpenAsText: boolean;
}

export function viewReason(file: string, bytes: number): ViewReason {
  if (/\.gz$/i.test(file)) {
    return {
      notice: 'Read-only rows: the file is compressed, so it has no text to edit.',
      canOpenAsText: false,
    };
  }
  if (/\.parquet$/i.test(file)) {
    return {
      notice: 'Read-only rows: Parquet is a binary format, so it has no text to edit.',
      canOpenAsText: false,
    };
  }
  if (bytes > largestTextBytes) {
    const size = Math.round(bytes / 2 ** 20);
    return {
      notice: `Read-only rows: the file has ${size} MB, and VS Code gives extensions no text above ${largestTextBytes / 2 ** 20} MB. As text it has no outcomes.`,
      canOpenAsText: true,
    };
  }
  return { notice: 'Read-only rows. The text can be edited.', canOpenAsText: true };
}
