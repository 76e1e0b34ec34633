/** Each place that differs, with what stood there and what stands there. */
export function differenceLines(
  changes: readonly { path: string; before: unknown; after: unknown }[],
): string[] {
  if (changes.length === 0) return ['no difference'];
  return changes.flatMap(({ path, before, after }) => [
    `${path}:`,
    `  - ${JSON.stringify(before)}`,
    `  + ${JSON.stringify(after)}`,
  ]);
}
