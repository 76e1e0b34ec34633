/** The text as a PromQL string in double quotes. */
export function quote(text: string): string {
  const escaped = text.replace(/[\\"\u0000-\u001f\u007f]/g, (char) => {
    if (char === '\\' || char === '"') return `\\${char}`;
    if (char === '\n') return '\\n';
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

interface QuoteProblem {
  at: number;
  message: string;
  instead: string;
}

const SIMPLE: Record<string, string> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The plain text of a PromQL string literal, by Go's rules as Prometheus reads it; or what is wrong with it. */
export function unquote(literal: string): string | QuoteProblem {
  const mark = literal.charAt(0);
  if (literal.length < 2 || !literal.endsWith(mark)) return unclosed(mark);
  const inside = literal.slice(1, -1);
  if (mark === '`') return inside;
  let text = '';
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) text += decode(bytes);
    bytes = [];
  };
  for (let at = 0; at < inside.length; ) {
    const char = inside.charAt(at);
    if (char === '\n') return { at: at + 1, message: 'a quoted text ends on its line', instead: '\\n' };
    if (char !== '\\') {
      flush();
      text += char;
      at += 1;
      continue;
    }
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(inside);
    // A backslash before the closing quote escapes it, so that nothing closes the text.
    if (match === null && at === inside.length - 1) return unclosed(mark);
    if (match === null) return unknownEscape(inside, at);
    const [whole, simple, hex, octal, short, long] = match;
    if (hex !== undefined || octal !== undefined) {
      bytes.push(hex === undefined ? Number.parseInt(octal ?? '', 8) & 0xff : Number.parseInt(hex, 16));
    } else {
      flush();
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (simple === undefined && code > 0x10ffff) return unknownEscape(inside, at);
      text += simple === undefined ? String.fromCodePoint(code) : (SIMPLE[simple] ?? '');
    }
    at += whole.length;
  }
  flush();
  return text;
}

function unclosed(mark: string): QuoteProblem {
  return { at: 0, message: 'the quote is not closed', instead: `end the text with ${mark}` };
}

function unknownEscape(inside: string, at: number): QuoteProblem {
  const escape = inside.slice(at, at + 2);
  return { at: at + 1, message: `${escape} is no escape of PromQL`, instead: `two backslashes: \\${escape}` };
}

/** Bytes written one by one are UTF-8; what is not decodes byte by byte. */
function decode(bytes: readonly number[]): string {
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return String.fromCharCode(...bytes);
  }
}

/** Constructs that RE2 has and JavaScript has not, or reads in another way: left to Prometheus to judge. */
const RE2_ONLY = /\(\?[imsUP]|\(\?-|\\[QEAzC]|\[\[:|\\p|\\x\{|\(\?</;

/** What is wrong with a regular expression for Prometheus, null when nothing is seen. Not a full RE2 parser. */
export function regexProblem(text: string): string | null {
  const missing = /\(\?(?:=|!|<=|<!)/.exec(text);
  if (missing !== null) return `the regular expression looks around with ${missing[0]}, which RE2 cannot`;
  if (RE2_ONLY.test(text)) return null;
  if (/(?:^|[^\\])(?:\\\\)*\\[1-9]/.test(text))
    return 'the regular expression refers back to a group, which RE2 cannot';
  try {
    RegExp(text, 's');
    return null;
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: \/.*\/s?: /s, '') : '';
    return `the regular expression is broken: ${reason}`;
  }
}
