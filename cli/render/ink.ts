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

const graphemes = new Intl.Segmenter();
/** East Asian wide characters and emoji take two columns (Unicode Standard Annex 11). */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** The characters of a text as people count them, each with its columns. */
function cells(text: string): { character: string; columns: number }[] {
  return Array.from(graphemes.segment(text), ({ segment }) => ({
    character: segment,
    columns: WIDE.test(segment) ? 2 : 1,
  }));
}

/** Columns that a text takes on the screen. */
export function widthOf(text: string): number {
  return cells(stripVTControlCharacters(text)).reduce((sum, { columns }) => sum + columns, 0);
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

// The colour codes that `colorInk` writes.
const PAINT = /(\x1b\[[0-9;]*m)/;

/** Cuts a painted line to `width` columns with an ellipsis; colours that were open are closed. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let left = width - 1;
  let out = '';
  for (const [i, piece] of text.split(PAINT).entries()) {
    // Every second piece is a code. Those after the cut are kept, so that each colour that was opened is also closed.
    if (i % 2 === 1) {
      out += piece;
      continue;
    }
    for (const { character, columns } of cells(piece)) {
      if (columns > left) {
        left = 0;
        break;
      }
      out += character;
      left -= columns;
    }
  }
  return PAINT.test(text) ? `${out}…\x1b[0m` : `${out}…`;
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
      const head = headOf(rest, width);
      lines.push(head);
      rest = rest.slice(head.length);
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

/** As many characters as fit, and one at least. */
function headOf(text: string, width: number): string {
  let columns = 0;
  let head = '';
  for (const cell of cells(text)) {
    columns += cell.columns;
    if (head !== '' && columns > width) break;
    head += cell.character;
  }
  return head;
}

/**
 * The same data without control characters: names, reasons and titles are written by people and services, and
 * a terminal would obey the escape codes in them.
 */
export function printable<T>(value: T): T {
  const clean: unknown = JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'string' ? stripVTControlCharacters(part).replace(CONTROL, ' ') : part,
  );
  // What came from JSON has the same shape when it comes from JSON again.
  return clean as T;
}

const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
