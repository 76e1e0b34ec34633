import { expect, it } from 'vitest';
import { flagState } from '../test/fixtures/flag-state.ts';
import { createCatalogue } from './catalogue.ts';
import { createGuard } from './guard.ts';

it('tells of each change whether it takes a flag from everybody, by whatever way', () => {
  const catalogue = createCatalogue(
    {},
    createGuard(() => undefined),
  );
  const heard: boolean[] = [];
  catalogue.subscribe((_environment, stops) => heard.push(stops));
  const latch = { by: 'ada', reason: 'errors', at: '2026-11-21T03:00:00Z' };
  const other = { key: 'other' };
  catalogue.accept([flagState(5, 1), flagState(5, 1, other)]);
  catalogue.accept([flagState(25, 2)]);
  catalogue.accept([flagState(5, 3)]);
  expect(heard).toEqual([false, false, false]);
  catalogue.accept([flagState(0, 4)]);
  expect(heard.at(-1)).toBe(true);
  // One that stays down makes no other change urgent.
  catalogue.accept([flagState(25, 2, other)]);
  expect(heard.at(-1)).toBe(false);
  catalogue.accept([flagState(25, 3, { ...other, latch })]);
  expect(heard.at(-1)).toBe(true);
  catalogue.accept([flagState(5, 5)]);
  expect(heard.at(-1)).toBe(false);
  const order = {
    id: '1',
    kind: 'kill',
    environment: 'production',
    key: 'pricing-v2',
    exposure: null,
  } as const;
  catalogue.hold([{ ...order, rolloutId: null, epoch: null, ...latch }]);
  expect(heard.at(-1)).toBe(true);
});

it('a flag that is made while all flags are read stays, though the reading does not have it', () => {
  const catalogue = createCatalogue(
    {},
    createGuard(() => undefined),
  );
  const keys = () => catalogue.served('production').map(({ key }) => key);
  const [old, fresh] = [flagState(5, 1, { key: 'old' }), flagState(5, 1, { key: 'fresh' })];
  catalogue.accept([old]);
  const readAt = catalogue.moment();
  catalogue.accept([fresh]);
  catalogue.replace([old], readAt);
  catalogue.remove(fresh, readAt);
  expect(keys()).toEqual(['old', 'fresh']);
  catalogue.replace([], catalogue.moment());
  expect(keys()).toEqual([]);
});
