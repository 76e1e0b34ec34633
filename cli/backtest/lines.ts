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

/** @throws Failure TRACE_INVALID where it is no file. */
export async function openTrace(file: string): Promise<TraceFile> {
  if (file === '-') return { name: 'standard input', size: null, lines: numbered(process.stdin) };
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true)
    throw new Failure('TRACE_INVALID', `${file} cannot be read.`, { where: file });
  return { name: file, size: found.size, lines: numbered(createReadStream(file)) };
}

async function* numbered(input: NodeJS.ReadableStream): AsyncGenerator<NumberedLine> {
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    yield { text, number };
  }
}
