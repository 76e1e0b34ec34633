import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { FAILURES } from '../plans/failures.ts';
import { EXAMPLES, leaves } from './examples.ts';
import { createProgram } from './program.ts';

const file = await readFile(new URL('../docs/cli.md', import.meta.url), 'utf8');
/** Columns of tables may be aligned. */
const text = file.replace(/ +\|/g, ' |').replace(/\| +/g, '| ');

describe('docs/cli.md', () => {
  test('has every failure as it is in the table, and no other', () => {
    const rows = text.split('\n').filter((line) => /^\| `[A-Z_]+` \|/.test(line));
    const expected = Object.entries(FAILURES).map(
      ([code, { exit, status, retry, hint }]) =>
        `| \`${code}\` | ${exit} | ${status} | ${retry ? 'yes' : 'no'} | ${hint} |`,
    );
    expect(rows).toEqual(expected);
  });

  const program = createProgram(() => undefined);
  test.each(leaves(program))(
    'has a row with an example for `$name`, and its options',
    ({ name, command }) => {
      const rows = text.split('\n').filter((line) => line.startsWith(`| \`${name}`));
      const example = (line: string) => /\| `([^|`]*tidegate [^|`]*)` \|$/.exec(line)?.[1];
      const own = rows.map(example).filter((line) => line?.includes(`tidegate ${name}`));
      expect(own.length).toBeGreaterThan(0);
      expect(own).toEqual(expect.arrayContaining([...(EXAMPLES[name] ?? [])]));
      for (const { long } of command.options) expect(text).toContain(long ?? '');
    },
  );

  test('has every option that all commands know', () => {
    for (const { long } of program.options) expect(text).toContain(`| \`${long}`);
  });
});
