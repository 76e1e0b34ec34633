import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { schemaRows } from '../test/fixtures/schema-rows.ts';
import { planJsonSchema } from './json-schema.ts';
import { RULES } from './rules.ts';

const text = readFileSync(new URL('../docs/plan.md', import.meta.url), 'utf8');
const rows = text.split('\n').filter((line) => /^\| `[a-zA-Z]/.test(line));

it('docs/plan.md has every field of the plan as it is, and no other', () => {
  const fields = schemaRows(planJsonSchema(), ['approval']);
  expect(rows.filter((row) => /^\| `[a-z]/.test(row))).toEqual(fields);
});

it('docs/plan.md has every rule as it is, and no other', () => {
  const rules = Object.entries(RULES).map(([id, sentence]) => `| \`${id}\` | ${sentence} |`);
  expect(rows.filter((row) => row.startsWith('| `PLAN-'))).toEqual(rules);
});
