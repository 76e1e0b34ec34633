import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkExpression,
  checkMatchers,
  checkSelector,
  matchersOf,
  selectorParts,
  selectorText,
  withMatchers,
  withName,
} from './promql.ts';
import { quote, unquote } from './promql-text.ts';

const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/).filter((name) => name !== '__name__');
const value = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed());
const op = fc.constantFrom('=' as const, '!=' as const);
const matcher = fc.record({ label, op, value });
const name = fc.oneof(
  fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,12}$/),
  fc.constantFrom('on', 'sum', 'Inf', 'offset', 'my.metric', 'größe'),
);
const parts = fc.record({ name, matchers: fc.array(matcher, { maxLength: 4 }) });

describe('selectors', () => {
  it('are read and written without loss, whatever the names and values', () => {
    fc.assert(
      fc.property(parts, (selector) => {
        const text = selectorText(selector);
        expect(checkSelector(text)).toBeNull();
        expect(selectorParts(text)).toEqual(selector);
      }),
      { numRuns: 500 },
    );
  });

  it('take more matchers and another name, and keep what they have', () => {
    fc.assert(
      fc.property(parts, fc.array(matcher, { maxLength: 3 }), (selector, more) => {
        const text = withName(withMatchers(selectorText(selector), more), (was) => `${was}_bucket`);
        expect(selectorParts(text)).toEqual({
          name: `${selector.name}_bucket`,
          matchers: [...selector.matchers, ...more],
        });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a', 'a{v="on"}'],
    ['a{}', 'a{v="on"}'],
    ['a{b="c"}', 'a{b="c",v="on"}'],
    ['a{b="c",}', 'a{b="c",v="on",}'],
    ["  a { b = 'c' } # why", `  a { b = 'c',v="on" } # why`],
    ['{__name__="a"}', '{__name__="a",v="on"}'],
  ])('%s with a matcher becomes %s', (before, after) => {
    expect(withMatchers(before, [{ label: 'v', op: '=', value: 'on' }])).toBe(after);
  });

  it('keep their own writing when only the name changes', () => {
    expect(withName('x{code=~"5.."}', (was) => `${was}_bucket`)).toBe('x_bucket{code=~"5.."}');
    expect(withName('{__name__="x",a="b"}', (was) => `${was}_sum`)).toBe('x_sum{a="b"}');
  });

  it.each([
    ['', 0, 'it is empty'],
    ['rate(a[5m])', 0, 'this is a function call'],
    ['a[5m]', 0, 'this is a range'],
    ['sum(a)', 0, 'this is an aggregation'],
    ['a offset 5m', 0, 'with an offset'],
    ['a + b', 0, 'this is a calculation'],
    ['{service="shop"}', 0, 'names no metric'],
    ['{__name__=~"a.*"}', 1, 'must name one metric'],
    ['a{__name__="b"}', 2, 'named twice'],
    ['a{b=c}', 4, 'no quotes'],
    ['a{b="c"', 7, 'ends too early'],
    ['a{code=~"5..}', 8, 'quote is not closed'],
    ['a{code=~"\\d+"}', 9, '\\d is no escape'],
    ['a{code=~"(5"}', 9, 'regular expression is broken'],
    ['a{code=~"5(?!00)"}', 9, 'RE2 cannot'],
    ['a b', 2, '`b` is not expected'],
    ['a{b="c" d="e"}', 8, 'something is missing before `d`'],
  ])('%s is refused with its place and reason', (text, at, message) => {
    expect(checkSelector(text)).toMatchObject({ at, message: expect.stringContaining(message) });
  });

  it('propose the selector inside a function', () => {
    expect(checkSelector('rate(a{b="c"}[5m])')?.instead).toBe('the selector alone: a{b="c"}');
  });

  it.each(['a{code=~"(?i)x"}', 'a{code=~"[[:alpha:]]+"}', 'a{p=~`\\d+`}', 'a{"b.c"="d"}', '{"a.b", c="d"}'])(
    '%s is accepted',
    (text) => {
      expect(checkSelector(text)).toBeNull();
    },
  );
});

describe('the insides of a selector', () => {
  it('are matchers', () => {
    expect(checkMatchers('deployment="stable"')).toBeNull();
    expect(matchersOf('a="b", c!~"d"')).toEqual([
      { label: 'a', op: '=', value: 'b' },
      { label: 'c', op: '!~', value: 'd' },
    ]);
  });

  it.each(['', 'stable', 'a=b', 'a="b"} or x{'])('%s is refused', (text) => {
    expect(checkMatchers(text)).not.toBeNull();
  });
});

describe('expressions', () => {
  it.each([
    'sum(increase(a[1h]))',
    'a > 5',
    'scalar(a) / 2',
    '1',
    'histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))',
  ])('%s is accepted', (text) => {
    expect(checkExpression(text)).toBeNull();
  });

  it.each([
    ['sum(increase(a[1h])', 'ends too early'],
    ['a[5m]', 'a range of values'],
    ['"a"', 'a text is no value'],
    ['', 'empty'],
    ['sum(increase(a[1x]))', 'not expected'],
  ])('%s is refused', (text, message) => {
    expect(checkExpression(text)?.message).toContain(message);
  });
});

describe('quoting', () => {
  it('is undone by unquoting, for every text', () => {
    fc.assert(fc.property(value, (text) => unquote(quote(text)) === text));
  });

  it('reads the escapes of Prometheus', () => {
    expect(unquote('"\\x41\\u00e9\\U0001F600\\101\\xc3\\xa9"')).toBe('Aé😀Aé');
    expect(unquote('`\\d`')).toBe('\\d');
  });
});
