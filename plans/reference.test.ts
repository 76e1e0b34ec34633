import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fieldTable } from '../test/fixtures/field-table.ts';
import { tableRow } from '../test/fixtures/schema-rows.ts';
import { planJsonSchema } from './json-schema.ts';
import { RULES } from './rules.ts';

const file = new URL('../docs/plans.md', import.meta.url);
const text = readFileSync(file, 'utf8');

/** The document with a table put between its marks. */
function withTable(document: string, name: string, table: string): string {
  const marks = new RegExp(`(<!-- ${name}: generated -->\\n\\n)[^]*?(\\n\\n<!-- /${name} -->)`);
  if (!marks.test(document)) throw new Error(`docs/plans.md has no place for ${name}`);
  return document.replace(marks, (_all, before: string, after: string) => before + table + after);
}

const rules = Object.entries(RULES);
const errors = [
  '| rule | what holds |',
  '| --- | --- |',
  ...rules.flatMap(([id, { severity, holds }]) =>
    severity === 'error' ? [tableRow([`\`${id}\``, holds])] : [],
  ),
].join('\n');
const risks = [
  '| rule | what holds | why | how to mend it |',
  '| --- | --- | --- | --- |',
  ...rules.flatMap(([id, { severity, holds, why, mend }]) =>
    severity === 'warning' ? [tableRow([`\`${id}\``, holds, why, mend])] : [],
  ),
].join('\n');

// `npx vitest run --project unit plans/reference.test.ts -u` writes the tables anew.
it('docs/plans.md has every field of the plan and every rule as they are, and no other', async () => {
  const fields = fieldTable(planJsonSchema(), ['approval']);
  const tables = { fields, errors, risks };
  const whole = Object.entries(tables).reduce((so, [name, table]) => withTable(so, name, table), text);
  await expect(whole).toMatchFileSnapshot('../docs/plans.md');
});

it('every field of the plan has a default, a unit or form, and an example', () => {
  const rows = text.split('\n').filter((line) => /^\| `[a-z]/.test(line));
  const cells = rows.map((row) => row.split(/(?<!\\) ?\| ?/).slice(1, 5));
  expect(cells.filter((row) => row.some((cell) => cell === ''))).toEqual([]);
  expect(rows.length).toBeGreaterThan(120);
});
