import type { Scalar } from 'yaml';

const DOUBLE_ESCAPE = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])/y;

/**
 * Where character `index` of a text value stands in the file: quotes, escapes and the indentation of a literal
 * block are skipped. Texts folded over several lines give their beginning.
 */
export function offsetInScalar(text: string, node: Scalar, index: number): number {
  const [start, end] = node.range ?? [0, 0];
  const source = text.slice(start, end);
  if (node.type === 'BLOCK_LITERAL') return start + inLiteral(source, index);
  if (source.includes('\n') || node.type === 'BLOCK_FOLDED') return start;
  if (node.type === 'QUOTE_SINGLE') return start + 1 + skip(source.slice(1), index, /''|[^]/y);
  if (node.type === 'QUOTE_DOUBLE') return start + 1 + skip(source.slice(1), index, DOUBLE_ESCAPE);
  return start + Math.min(index, source.length);
}

/** Length of the first `count` characters as written; `unit` matches one that is written with several. */
function skip(source: string, count: number, unit: RegExp): number {
  let at = 0;
  for (let passed = 0; passed < count && at < source.length - 1; passed += 1) {
    unit.lastIndex = at;
    at += unit.exec(source)?.[0].length ?? 1;
  }
  return at;
}

function inLiteral(source: string, index: number): number {
  const lines = source.split('\n');
  const first = lines.slice(1).find((line) => line.trim() !== '') ?? '';
  const indent = first.length - first.trimStart().length;
  let at = (lines[0]?.length ?? 0) + 1;
  let left = index;
  for (const line of lines.slice(1)) {
    const length = Math.max(0, line.length - indent);
    if (left <= length) return at + Math.min(line.length, indent + left);
    left -= length + 1;
    at += line.length + 1;
  }
  return Math.min(at, source.length);
}
