import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, visit } from 'yaml';
import { WHOLE } from '../test/fixtures/whole-plan.ts';
import type { Finding } from './finding.ts';
import { parsePlan } from './parse.ts';

const pricing = readFileSync(new URL('./examples/pricing-v2.yaml', import.meta.url), 'utf8');

function findings(text: string): Finding[] {
  const result = parsePlan(text, 'plan.yaml');
  return result.kind === 'ok' ? result.warnings : result.findings;
}

describe('whatever is mistyped', () => {
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant([]),
    fc.constant({}),
    fc.jsonValue(),
  );

  it('is answered with places in the file, never with an exception', () => {
    const document = parseDocument(pricing);
    const places: (readonly unknown[])[] = [];
    visit(document, { Scalar: (key, _node, path) => void places.push([...path, key]) });
    fc.assert(
      fc.property(fc.nat({ max: places.length - 1 }), value, (index, wrong) => {
        const copy = document.clone();
        let seen = -1;
        visit(copy, {
          Scalar: () => {
            seen += 1;
            return seen === index ? copy.createNode(wrong) : undefined;
          },
        });
        const text = copy.toString();
        const lines = text.split('\n');
        for (const { line, column, message } of findings(text)) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
          expect(message).not.toMatch(/Invalid input|undefined/);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('even when it is no plan at all', () => {
    const text = fc.oneof(
      fc.string(),
      fc.jsonValue().map((json) => JSON.stringify(json)),
    );
    fc.assert(fc.property(text, (any) => parsePlan(any, 'x').kind === 'invalid'));
  });

  it('a name with one letter wrong is recognized', () => {
    const names = [
      'metadata',
      'flag',
      'metrics',
      'stages',
      'percent',
      'audience',
      'histogram',
      'segments',
      'events',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat({ max: 20 }), (name, at) => {
        const slip = name.slice(0, at % name.length) + name.slice((at % name.length) + 1);
        const found = findings(WHOLE.replace(`${name}:`, `${slip}:`));
        expect(found.map(({ instead }) => instead)).toEqual([`did you mean \`${name}\`?`]);
      }),
    );
  });
});
