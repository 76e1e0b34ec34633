import { pathText } from '../finding.ts';
import { stable } from './stable.ts';

/** One place in which two values differ; undefined: not there. */
export interface Difference {
  path: string;
  before?: unknown;
  after?: unknown;
}

/** Every place in which two plain values differ, in the order of the names; lists are compared as wholes. */
export function differences(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (stable(before) === stable(after)) return [];
  if (!isMapping(before) || !isMapping(after)) {
    const at = { path: pathText(path) };
    return [
      { ...at, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) },
    ];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => differences(before[name], after[name], [...path, name]));
}

/** `rules: [...] → [...]` */
export function differenceText({ path, before, after }: Difference): string {
  const show = (value: unknown) => (value === undefined ? '–' : JSON.stringify(value));
  return `${path}: ${show(before)} → ${show(after)}`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
