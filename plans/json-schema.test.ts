import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { planJsonSchema } from './json-schema.ts';

const folder = new URL('./examples/', import.meta.url);
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const read = (name: string): Record<string, unknown> => parse(readFileSync(new URL(name, folder), 'utf8'));
// "date" is the only format in use, and a pattern beside it says the same.
const validate = new Ajv2020({ strict: false, formats: { date: true } }).compile(planJsonSchema());

describe('the JSON Schema of plans', () => {
  it.each(examples)('accepts the example %s', (name) => {
    validate(read(name));
    expect(validate.errors).toBeNull();
  });

  it.each([
    ['a name that is mistyped', { metdata: {} }],
    ['a duration without its unit', { source: { poll: 15 } }],
    ['a choice that there is not', { policy: { soft: 'wait' } }],
    ['no stages', { stages: [] }],
    ['a percentage with a sign', { stages: [{ name: 'a', percent: '5%' }] }],
    ['a metric of no known kind', { metrics: [{ name: 'a', kind: 'gauge' }] }],
    ['a date of another form', { windows: { freezes: [{ from: '20.12.2026', to: '2027-01-02' }] } }],
  ])('refuses %s', (_what, broken) => {
    expect(validate({ ...read('minimal.yaml'), ...broken })).toBe(false);
  });

  it('tells editors names, defaults and examples', () => {
    expect(planJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Tidegate rollout plan',
      required: ['metadata', 'flag', 'metrics', 'stages'],
      properties: {
        source: { properties: { poll: { default: '15s', examples: ['30s', '15m', '24h', '7d'] } } },
        reversibility: { default: 'reversible', description: expect.stringContaining('forward-only') },
      },
    });
  });
});
