import { describe, expect, it } from 'vitest';
import { difference } from './difference.ts';

const circle = (): Record<string, unknown> => {
  const one: Record<string, unknown> = {};
  one['self'] = one;
  return one;
};

describe('the default comparison', () => {
  it.each([
    ['numbers', 1, 1],
    ['NaN', Number.NaN, Number.NaN],
    ['an absent and an undefined field', { a: 1 }, { a: 1, b: undefined }],
    ['the order of fields', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['dates', new Date(5), new Date(5)],
    ['bytes', Uint8Array.of(1, 2), Buffer.from([1, 2])],
    ['maps', new Map([['a', { b: 1 }]]), new Map([['a', { b: 1 }]])],
    ['sets', new Set([1, 2]), new Set([1, 2])],
    ['a class and its data', Object.assign(Object.create({ method() {} }), { a: 1 }), { a: 1 }],
  ])('takes %s as equal', (_, a, b) => expect(difference(a, b)).toBeNull());

  it.each([
    ['values', 1, 2, 'result'],
    ['kinds', [1], { 0: 1 }, 'result'],
    ['null and an object', null, {}, 'result'],
    ['a field', { a: { b: 1 } }, { a: { b: 2 } }, 'a.b'],
    ['a field too many', { a: 1 }, { a: 1, b: 2 }, 'b'],
    ['an element', { lines: [{ tax: 1 }, { tax: 2 }] }, { lines: [{ tax: 1 }, { tax: 3 }] }, 'lines[].tax'],
    ['a length', { lines: [1] }, { lines: [] }, 'lines.length'],
    ['dates', { at: new Date(5) }, { at: new Date(6) }, 'at'],
    ['a date and its number', { at: new Date(5) }, { at: 5 }, 'at'],
    ['maps', new Map([['a', 1]]), new Map([['a', 2]]), '[][]'],
    ['errors', new Error('a'), new Error('b'), 'message'],
  ])('names where %s differ', (_, a, b, name) => expect(difference(a, b)?.name).toBe(name));

  it('ends with what is circular', () => {
    expect(difference(circle(), circle())?.name).toMatch(/self\.self/);
  });
});
