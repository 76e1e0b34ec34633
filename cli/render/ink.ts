import { stripVTControlCharacters, styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'strong' | 'now';

/** Paints a piece of text, or leaves it as it is where colour is not wanted. */
export type Ink = (tone: Tone, text: string) => string;

const FORMATS = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  dim: 'dim',
  strong: 'bold',
  now: 'cyan',
} as const satisfies Record<Tone, string>;

export const plainInk: Ink = (_tone, text) => text;
export const colorInk: Ink = (tone, text) =>
  text === '' ? '' : styleText(FORMATS[tone], text, { validateStream: false });

interface Screen {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/** Colour only where a person looks: a terminal without NO_COLOR (https://no-color.org), or FORCE_COLOR. */
export function inkFor(stream: Screen, env: Record<string, string | undefined>): Ink {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return plainInk;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return colorInk;
  return stream.isTTY === true && env['TERM'] !== 'dumb' ? colorInk : plainInk;
}

/** Columns that a text takes on the screen. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colour codes that colorInk writes.
const PAINTED = /\x1b\[[0-9;]*m|./gsu;

/** Cuts a painted line to `width` columns with an ellipsis; colours that were open are closed. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let columns = 0;
  let painted = false;
  let out = '';
  for (const [piece] of text.matchAll(PAINTED)) {
    if (piece.startsWith('\x1b')) {
      painted = true;
      out += piece;
    } else if (columns < width - 1) {
      out += piece;
      columns += 1;
    }
  }
  // Codes after the cut were kept, so that every colour that was opened is also closed.
  return painted ? `${out}…\x1b[0m` : `${out}…`;
}

/** Breaks plain text at spaces so that no line is wider than `width`; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    let rest = word;
    while (widthOf(rest) > width) {
      if (line !== '') lines.push(line);
      line = '';
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    if (line === '') line = rest;
    else if (widthOf(line) + 1 + widthOf(rest) <= width) line += ` ${rest}`;
    else {
      lines.push(line);
      line = rest;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

/**
 * The same data without control characters: names, reasons and titles are written by people and services, and
 * a terminal would obey the escape codes in them.
 */
export function printable<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'string' ? stripVTControlCharacters(part).replace(CONTROL, ' ') : part,
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
