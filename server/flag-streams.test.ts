import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openAccess } from '../flags/access.ts';
import type { FlagService } from '../flags/service.ts';
import { createFlagStreams } from './flag-streams.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The answer to a client that takes what is written, or does not. */
class Line extends EventEmitter {
  heard: string[] = [];
  cut = false;
  taking: boolean;

  constructor(taking: boolean) {
    super();
    this.taking = taking;
  }

  write(text: string): boolean {
    this.heard.push(text);
    return this.taking;
  }

  end(): void {
    this.emit('close');
  }

  destroy(): void {
    this.cut = true;
    this.emit('close');
  }
}

it('a client that takes nothing is cut, and one that reads goes on', () => {
  const document = { version: 'v1', changedAt: 0, turns: () => null };
  const service = { document: () => document, subscribe: () => () => undefined } as unknown as FlagService;
  const streams = createFlagStreams({ service, access: openAccess, now: () => 0 });
  const [reads, stuck, late] = [new Line(true), new Line(false), new Line(false)];
  for (const line of [reads, stuck, late]) {
    const raw = line as unknown as ServerResponse;
    streams.add({ environment: 'production', flagSet: null, tokenId: null, raw, lastEventId: null });
  }
  vi.advanceTimersByTime(20_000);
  expect([reads.cut, stuck.cut, late.cut]).toEqual([false, false, false]);
  late.taking = true;
  late.emit('drain');
  vi.advanceTimersByTime(40_000);
  expect([reads.cut, stuck.cut, late.cut]).toEqual([false, true, false]);
  const beats = (line: Line) => line.heard.filter((text) => text.startsWith(': ')).length;
  expect([beats(reads), beats(stuck)]).toEqual([4, 0]);
  expect(beats(late)).toBeGreaterThan(1);
  streams.stop();
});
