import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { FAILURES } from '../plans/failures.ts';
import { createProgram } from './program.ts';

const file = await readFile(new URL('../docs/cli.md', import.meta.url), 'utf8');
/** Columns of tables may be aligned. */
const text = file.replace(/ +\|/g, ' |').replace(/\| +/g, '| ');

/** Commands that do something, with their full names: `plan check`, `submit`. */
function commands(parent: Command, prefix = ''): { name: string; command: Command }[] {
  return parent.commands.flatMap((command) => {
    const name = `${prefix}${command.name()}`;
    return command.commands.length > 0 ? commands(command, `${name} `) : [{ name, command }];
  });
}

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
  test.each(commands(program))(
    'has a row with an example for `$name`, and its options',
    ({ name, command }) => {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${name}`));
      expect(row).toMatch(new RegExp(`\\| \`tidegate ${name}[^|]*\` \\|$`));
      for (const { long } of command.options) expect(text).toContain(long ?? '');
    },
  );

  test('has every option that all commands know', () => {
    for (const { long } of program.options) expect(text).toContain(`| \`${long}`);
  });
});
