import { expect, test } from 'vitest';
import type { Exposure } from '../plans/exposure.ts';
import type { LinkedFlag, PendingRaise, Sight } from './platform-contract.ts';
import { ruleSighting } from './platform-rules.ts';

const NOW = 1_000_000_000;
const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const sight = (percent: number, version: string, more: Partial<Sight> = {}): Sight => ({
  exposure: to(percent),
  version,
  changedBy: null,
  unique: true,
  ...more,
});

interface More {
  applied?: number;
  pending?: PendingRaise;
  latched?: boolean;
  owner?: string | null;
  /** Milliseconds since version 2 came. */
  since?: number;
}

/** A flag that should be at `percent`, and was last seen there as version 2. */
function linked(percent: number, more: More = {}): LinkedFlag {
  const target = { environment: 'production', key: 'f' };
  const { applied = percent, pending = null, latched = false, owner = 'r-1', since = 10_000 } = more;
  return {
    flag: {
      ...target,
      exposure: to(percent),
      revision: 7,
      epoch: 1,
      rolloutId: owner,
      latch: latched ? { by: 'eve', reason: 'errors', at: '' } : null,
      decommissioned: null,
      lifecycle: 'Proposed',
      spec: null,
      live: false,
      createdAt: 0,
      shape: {
        variants: { on: true, off: false },
        baseline: 'off',
        canary: 'on',
        stickiness: 'targetingKey',
      },
      updatedAt: NOW - 3_600_000,
      updatedBy: 'r-1',
    },
    link: {
      ...target,
      provider: 'unleash',
      applied: to(applied),
      version: '2',
      past: ['1'],
      pending,
      turn: 3,
      seenAt: NOW - since,
    },
  };
}

const raise = (revision: number, at = NOW - 1_000): PendingRaise => ({
  rolloutId: 'r-1',
  exposure: to(25),
  author: 'tidegate',
  reason: 'next stage',
  revision,
  at,
});
const rule = (known: LinkedFlag, seen: Sight, overtaken: Exposure[] = []) =>
  ruleSighting(known, seen, { now: NOW, overtaken });

test('a raise that was sent and reads back has landed', () => {
  expect(rule(linked(5, { pending: raise(7) }), sight(25, '3'))).toMatchObject({
    kind: 'landed',
    rolloutId: 'r-1',
  });
});

test('a raise that lands after a kill has overtaken it goes down again, once', () => {
  const late = linked(0, { pending: raise(6), latched: true });
  expect(rule(late, sight(25, '3'))).toEqual({ kind: 'push', pending: null });
});

test('the same exposure a minute later is somebody’s own decision', () => {
  const old = linked(0, { pending: raise(6, NOW - 61_000) });
  expect(rule(old, sight(25, '3', { changedBy: 'ada' }))).toMatchObject({ kind: 'drift', author: 'ada' });
});

test('an order to lower that has not arrived is sent again, whoever moved the flag meanwhile', () => {
  const ordered = linked(0, { applied: 25 });
  expect(rule(ordered, sight(25, '2'))).toMatchObject({ kind: 'push' });
  expect(rule(ordered, sight(50, '3', { changedBy: 'ada' }))).toMatchObject({ kind: 'push' });
  expect(rule(ordered, sight(0, '3'))).toEqual({ kind: 'settled', pending: null });
});

test('a version that was replaced is late, for a minute and where versions never come again', () => {
  expect(rule(linked(5), sight(25, '1'))).toEqual({ kind: 'stale' });
  expect(rule(linked(5), sight(25, '1', { unique: false }))).toMatchObject({ kind: 'drift' });
  expect(rule(linked(5, { since: 61_000 }), sight(25, '1'))).toMatchObject({ kind: 'drift' });
});

test('somebody else is drift, with the name where there is one, and also when they put it back', () => {
  expect(rule(linked(5), sight(50, '3', { changedBy: 'ada' }))).toMatchObject({
    kind: 'drift',
    author: 'ada',
  });
  expect(rule(linked(5), sight(50, '3'))).toMatchObject({ kind: 'drift', author: 'somebody on unleash' });
  expect(rule(linked(5), sight(5, '3'))).toMatchObject({ kind: 'drift', reason: 'changed on unleash' });
  expect(rule(linked(5, { owner: null }), sight(5, '3'))).toEqual({ kind: 'settled', pending: null });
  expect(rule(linked(5), sight(5, '2'))).toEqual({ kind: 'settled', pending: null });
});

test('a version that comes right after the last one is ours: two processes have sent the same order', () => {
  expect(rule(linked(5, { since: 1_000 }), sight(5, '3'))).toEqual({ kind: 'settled', pending: null });
  expect(rule(linked(5, { since: 1_000 }), sight(50, '3'))).toMatchObject({ kind: 'drift' });
});

test('the answer to a write is no late answer, also where its version was seen before', () => {
  const seen = linked(0, { applied: 25 });
  const link = { ...seen.link, past: ['3'] };
  expect(rule({ ...seen, link }, sight(0, '3'))).toEqual({ kind: 'stale' });
  const answer = sight(0, '3', { fresh: true });
  expect(rule({ ...seen, link }, answer)).toMatchObject({ kind: 'settled' });
});

test('a version that serves something else than it did was half read, and moves nothing', () => {
  // The raise that was sent, before its event: to push the old exposure would take it back.
  expect(rule(linked(5, { pending: raise(7) }), sight(25, '2'))).toEqual({ kind: 'stale' });
  expect(rule(linked(25), sight(5, '2'))).toEqual({ kind: 'stale' });
  expect(rule(linked(25), sight(5, '2', { unique: false }))).toMatchObject({ kind: 'drift' });
  // An order to lower is owed all the same, and `settle` sends it.
  expect(rule(linked(0, { applied: 25 }), sight(50, '2'))).toEqual({ kind: 'stale' });
  // What stays so is no half reading: a segment means somebody else by now.
  expect(rule(linked(25, { since: 61_000 }), sight(5, '2'))).toMatchObject({ kind: 'drift' });
});

test('a raise of several requests that is seen half done in passing is nobody’s move', () => {
  const employees = { ...to(0), segments: ['employees'] };
  const known = linked(0, { pending: raise(7) });
  const sent = { ...known, flag: { ...known.flag, exposure: employees } };
  const half = (more: Partial<Sight>) => rule(sent, sight(0, '3', more));
  expect(half({ passing: true })).toEqual({ kind: 'stale' });
  expect(half({})).toMatchObject({ kind: 'drift' });
  const overtaken = { ...sent, link: { ...sent.link, pending: raise(6) } };
  expect(rule(overtaken, sight(0, '3', { passing: true }))).toMatchObject({ kind: 'drift' });
  const longAgo = { ...sent, link: { ...sent.link, pending: raise(7, NOW - 4_000) } };
  expect(rule(longAgo, sight(0, '3', { passing: true }))).toMatchObject({ kind: 'drift' });
  expect(rule(sent, sight(50, '3', { passing: true, changedBy: 'ada' }))).toMatchObject({ author: 'ada' });
});

test('an order to lower that arrives after the one that has overtaken it goes down again', () => {
  expect(rule(linked(0), sight(50, '3', { changedBy: 'ada' }), [to(50)])).toMatchObject({ kind: 'push' });
  expect(rule(linked(5), sight(50, 'a', { unique: false }), [to(50)])).toMatchObject({ kind: 'push' });
  expect(rule(linked(0), sight(49, '3', { changedBy: 'ada' }), [to(50)])).toMatchObject({ author: 'ada' });
  // What is below is no order that came late, but somebody's.
  expect(rule(linked(50), sight(5, '3', { changedBy: 'ada' }), [to(5)])).toMatchObject({ author: 'ada' });
});
