export interface DifferenceLine {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

/** Cells of the table of common lines; longer texts are shown as a whole before and a whole after. */
const MOST_CELLS = 4_000_000;

/** The lines of two texts side by side: the fewest that go and come (longest common subsequence). */
export function differenceOf(before: string, after: string): DifferenceLine[] {
  const a = before.trimEnd().split('\n');
  const b = after.trimEnd().split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const line = (kind: DifferenceLine['kind']) => (text: string) => ({ kind, text });
  return [
    ...a.slice(0, start).map(line('same')),
    ...between(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(line('same')),
  ];
}

function between(a: readonly string[], b: readonly string[]): DifferenceLine[] {
  const gone = (text: string): DifferenceLine => ({ kind: 'gone', text });
  const fresh = (text: string): DifferenceLine => ({ kind: 'new', text });
  if (a.length * b.length > MOST_CELLS) return [...a.map(gone), ...b.map(fresh)];
  const width = b.length + 1;
  // How many lines the rests from (i, j) on have in common.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DifferenceLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      lines.push({ kind: 'same', text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(left));
      i += 1;
    } else {
      lines.push(fresh(right ?? ''));
      j += 1;
    }
  }
  return lines;
}

/** Lines near a change; null stands for those that are left out between. */
export function nearChanges(lines: readonly DifferenceLine[], around = 3): (DifferenceLine | null)[] {
  const near = lines.map((_, i) =>
    lines.slice(Math.max(0, i - around), i + around + 1).some(({ kind }) => kind !== 'same'),
  );
  return lines.flatMap((line, i) => {
    if (near[i] === true) return [line];
    return near[i - 1] === true || i === 0 ? [null] : [];
  });
}
