import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Failure } from '../../plans/failures.ts';

export interface NumberedLine {
  text: string;
  /** From 1. */
  number: number;
}

/** A trace of a file, or of standard input for `-`. */
export interface TraceFile {
  name: string;
  /** Bytes; null: not known. */
  size: number | null;
  lines: AsyncIterable<NumberedLine>;
}

/** @throws Failure TRACE_UNREADABLE where there is none; when its lines are read, where they are no UTF-8 text. */
export async function openTrace(file: string): Promise<TraceFile> {
  if (file === '-')
    return { name: 'standard input', size: null, lines: numbered(process.stdin, 'standard input') };
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
  if (typeof found === 'string') {
    const why = found === 'ENOENT' ? 'there is no such file' : found;
    throw new Failure('TRACE_UNREADABLE', `The trace cannot be read: ${why}.`, { where: file });
  }
  if (found.isDirectory())
    throw new Failure('TRACE_UNREADABLE', 'The trace cannot be read: it is a folder.', { where: file });
  return {
    name: file,
    size: found.isFile() ? found.size : null,
    lines: numbered(createReadStream(file), file),
  };
}

async function* numbered(input: NodeJS.ReadableStream, name: string): AsyncGenerator<NumberedLine> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (number === 1) refuseBinary(line, name);
    // What some editors put before the first line.
    yield { text: number === 1 && line.startsWith(MARK) ? line.slice(1) : line, number };
  }
}

const MARK = '\ufeff';
/** gzip and Zstandard as they look when they are read as UTF-8. */
const COMPRESSED = ['\u001f\ufffd', '(\ufffd/\ufffd'];

function refuseBinary(line: string, name: string): void {
  if (COMPRESSED.some((magic) => line.startsWith(magic)))
    throw new Failure('TRACE_UNREADABLE', 'The trace cannot be read: it is compressed.', {
      where: name,
      details: ['unpack it on the way: `gunzip -c FILE | tidegate backtest PLAN --trace -`'],
    });
  if (line.includes('\0'))
    throw new Failure('TRACE_UNREADABLE', 'The trace cannot be read: it is no UTF-8 text.', { where: name });
}
