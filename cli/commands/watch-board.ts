import { CallerReply } from '../../server/api/access.ts';
import { BoardEvent as BoardRows } from '../../server/api/console-board.ts';
import { BoardEvent as BoardChange, Problem } from '../../server/api.ts';
import { ApiClient, failureOf } from '../api-client.ts';
import { BoardState, type Told } from '../board-state.ts';
import type { Context } from '../context.ts';
import type { ServerEvent } from '../event-stream.ts';
import { follow, untilInterrupted } from '../live-stream.ts';
import { boardLine, renderBoard } from '../render/board.ts';
import { printable } from '../render/ink.ts';
import { Redrawn } from '../render/redrawn.ts';

const INTERRUPTED = 130;

/** Shows all active rollouts until Ctrl-C (130). A server that goes away is waited for as long as it takes. */
export async function watchBoard(context: Context): Promise<number> {
  const api = new ApiClient(context, { waits: null });
  // A server that is not there at all, or does not know who asks, is said at once.
  await api.get('/session', CallerReply);
  const { ink, json } = context;
  const screen = new Redrawn(process.stdout);
  const state = new BoardState();
  const away = new Set<string>();
  let lostAt: number | null = null;
  let seen: string | null = null;
  let first = false;

  const draw = () => {
    if (json || !screen.isTTY || !first) return;
    const now = Date.now();
    const rows = state.shown(now);
    screen.draw(renderBoard({ rows, latest: state.latest, lostAt }, { ...screen.size(), now, ink }));
  };
  const note = (text: string) => {
    if (json) process.stderr.write(`tidegate: ${text}\n`);
    else screen.note(`tidegate: ${text}`);
    draw();
  };
  const tell = (told: Told) => {
    context.tell(told);
    if (!json && !screen.isTTY) screen.note(boardLine(told.row, { entry: told.entry, now: Date.now(), ink }));
  };
  const lost = (stream: string) => {
    if (away.size === 0) note('lost the server, trying again');
    away.add(stream);
    lostAt ??= Date.now();
  };
  const heard = (stream: string) => {
    if (!away.delete(stream) || away.size > 0) return;
    lostAt = null;
    note('the server is back');
  };

  const takeRows = (value: unknown) => {
    const event = printable(BoardRows.parse(value));
    state.rows(event).forEach(tell);
    if (event.complete) state.complete();
    first ||= event.complete;
  };
  const takeChange = (value: unknown) => {
    const { entry, view } = printable(BoardChange.parse(value));
    tell(state.change({ entry, view }));
  };
  const take = (stream: string, takers: Record<string, (value: unknown) => void>) => (event: ServerEvent) => {
    heard(stream);
    const value: unknown = JSON.parse(event.data);
    if (event.event === 'problem') note(failureOf(Problem.parse(value)).message);
    if (event.event === 'reset') note('too much was missed to be told; it goes on from here');
    takers[event.event]?.(value);
    if (stream === 'events') seen = event.id ?? seen;
    draw();
    return false;
  };

  // On a terminal the ages run on between two changes.
  const ticking = process.stdout.isTTY ? setInterval(draw, 1000) : undefined;
  try {
    const interrupted = await untilInterrupted(async (signal) => {
      const broken = new AbortController();
      const ends = AbortSignal.any([signal, broken.signal]);
      const always = { giveUpMs: Number.POSITIVE_INFINITY, signal: ends };
      const streams = [
        follow({
          ...always,
          open: () => api.stream('/board', ends),
          take: take('board', { rows: takeRows }),
          lost: () => lost('board'),
        }),
        follow({
          ...always,
          open: () => api.stream(`/events${seen === null ? '' : `?lastEventId=${seen}`}`, ends),
          take: take('events', { change: takeChange }),
          lost: () => lost('events'),
        }),
      ];
      try {
        await Promise.all(streams);
      } finally {
        // A refusal of the one ends the other.
        broken.abort();
        await Promise.allSettled(streams);
      }
    });
    return interrupted ? INTERRUPTED : 0;
  } finally {
    clearInterval(ticking);
    screen.close();
  }
}
