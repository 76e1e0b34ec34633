import { describe, expect, it } from 'vitest';
import { hits, parseFault } from './fault.ts';
import { FaultWatch } from './fault-watch.ts';

describe('a fault', () => {
  it('strikes the flag and the endpoint that it names, and all where it names none', () => {
    const fault = parseFault({
      flag: 'checkout-v2',
      endpoint: 'POST /checkout',
      errorRate: 0.4,
      latencyMs: 300,
    });
    expect(hits(fault, { flag: 'checkout-v2', endpoint: 'POST /checkout' })).toBe(true);
    expect(hits(fault, { flag: 'pricing-v2', endpoint: 'POST /checkout' })).toBe(false);
    expect(hits(fault, { flag: 'checkout-v2', endpoint: 'GET /orders' })).toBe(false);
    expect(hits(parseFault({ errorRate: 1 }), { flag: 'any', endpoint: 'GET /products' })).toBe(true);
  });

  it.each([
    [null, 'JSON object'],
    [{ errorRate: 1.5 }, 'errorRate is a number from 0 to 1'],
    [{ errorRate: '1' }, 'errorRate'],
    [{ latencyMs: -1 }, 'latencyMs'],
    [{ flag: 7 }, 'flag is a text'],
  ])('refuses %j in words', (body, words) => {
    expect(() => parseFault(body)).toThrow(words);
  });
});

describe('the record of bad responses', () => {
  it('keeps the first and the last of the present fault', () => {
    const watch = new FaultWatch();
    expect(watch.report()).toEqual({ firstBadAt: null, lastBadAt: null, count: 0 });
    watch.saw(100, 110);
    watch.saw(100, 150);
    expect(watch.report()).toEqual({ firstBadAt: 110, lastBadAt: 150, count: 2 });
    watch.saw(200, 210);
    watch.saw(100, 220);
    expect(watch.report()).toEqual({ firstBadAt: 210, lastBadAt: 210, count: 1 });
  });
});
