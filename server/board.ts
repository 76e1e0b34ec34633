import { approverRoles, scopesOf } from '../plans/access.ts';
import { windowsOf } from '../plans/least-time.ts';
import type { Plan } from '../plans/plan.ts';
import type { RolloutView } from '../plans/view.ts';
import { nextOpening, openSpans } from '../plans/windows.ts';
import { presentStage } from '../rollout/origin.ts';
import type { Board, BoardCounts, BoardFilter, BoardRow, WindowedRow } from '../store/board.ts';
import type { ApprovalsReply, ListQuery, WindowsReply } from './api/board.ts';
import type { Caller } from './auth/guard.ts';
import { placeOf } from './auth/places.ts';
import type { Named } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';
import { viewOf } from './live.ts';
import { type Asked, mayAnswer, type OpenQuestion, openQuestions, QUESTION_LINES } from './questions.ts';

/** How many rows are looked through at once for those that wait for somebody. */
const BATCH = 200;
const DAY_MS = 86_400_000;

interface Waiting {
  row: BoardRow;
  view: RolloutView;
  questions: OpenQuestion[];
}

/**
 * One page of rollouts as JSON text, the latest first, and where the next one begins; null: this was the last. Views go out as
 * the database has them: to read fifty, check them against their shape and write them again would keep a server busy
 * with 200 lists a second.
 */
export async function listPage(
  deps: Pick<ServerDeps, 'board'>,
  caller: Caller,
  query: ListQuery,
): Promise<string> {
  const { limit, cursor, waiting } = query;
  const filter = {
    ...filterOf(query, caller),
    ...(query.phase === undefined ? {} : { phases: query.phase }),
  };
  const after = cursor === undefined ? {} : { after: cursor };
  if (waiting === undefined) {
    const rows = await deps.board.texts(filter, { limit: limit + 1, ...after });
    const page = rows.slice(0, limit);
    const next = rows.length > limit ? (page.at(-1)?.cursor ?? null) : null;
    return pageText(
      page.flatMap(({ view, row }) => view ?? (row === null ? [] : JSON.stringify(viewOf(row)))),
      next,
    );
  }
  const wanted = waiting === 'me' ? askedOf(caller, query) : () => ofRole(waiting);
  const found: Waiting[] = [];
  for await (const one of waitingRows(deps, filter, cursor)) {
    if (!one.questions.some((question) => mayAnswer(question, wanted(one.row), one.view.submittedBy)))
      continue;
    found.push(one);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const next = found.length > limit ? (page.at(-1)?.row.cursor ?? null) : null;
  return pageText(
    page.map(({ view }) => JSON.stringify(view)),
    next,
  );
}

/** A `ListReply`. */
function pageText(views: readonly string[], next: string | null): string {
  return `{"rollouts":[${views.join(',')}],"next":${JSON.stringify(next)}}`;
}

/** How old counts may be: they are read from every row. */
const COUNTED_MS = 1_000;
const MOST_COUNTED = 200;

/** Counts that are read at most once a second for each filter, however many ask. */
export function createCounts({ board, now }: Pick<ServerDeps, 'board' | 'now'>): Board['counts'] {
  const kept = new Map<string, { at: number; counts: Promise<BoardCounts> }>();
  return (filter) => {
    const key = JSON.stringify(filter);
    const known = kept.get(key);
    if (known !== undefined && now() - known.at < COUNTED_MS) return known.counts;
    if (kept.size >= MOST_COUNTED) kept.clear();
    const counts = board.counts(filter);
    kept.set(key, { at: now(), counts });
    counts.catch(() => kept.delete(key));
    return counts;
  };
}

/** What waits, by when it must be answered. */
export async function openApprovals(
  deps: Pick<ServerDeps, 'board'>,
  caller: Caller,
  query: Named & { for: 'me' | 'anyone' },
): Promise<ApprovalsReply> {
  const wanted = askedOf(caller, query);
  const approvals: ApprovalsReply['approvals'] = [];
  for await (const { row, view, questions } of waitingRows(deps, filterOf({}, caller))) {
    for (const question of questions) {
      if (query.for === 'me' && !mayAnswer(question, wanted(row), view.submittedBy)) continue;
      const { kind, text, roles, since, until, actions } = question;
      const { id: rollout, title, flag, environment, service, stage, submittedBy, seq } = view;
      approvals.push({
        rollout,
        title,
        flag,
        environment,
        service,
        stage,
        submittedBy,
        seq,
        kind,
        text,
        roles,
        since,
        until,
        actions,
      });
    }
  }
  const never = Number.POSITIVE_INFINITY;
  approvals.sort((a, b) => (a.until ?? never) - (b.until ?? never));
  return { approvals };
}

/** The calendar of what the plans of active rollouts allow. `now` in ms since 1970. */
export async function calendar(
  deps: Pick<ServerDeps, 'board'>,
  caller: Caller,
  { now, days }: { now: number; days: number },
): Promise<WindowsReply> {
  const all = await deps.board.windows(scopesOf(caller.grants, 'read'));
  const rows = all.flatMap((row) => {
    const windows = windowsAhead(row);
    return windows === undefined ? [] : [{ ...row, windows }];
  });
  const within = { from: now, to: now + days * DAY_MS };
  const freezes = new Map<string, WindowsReply['freezes'][number]>();
  for (const { id, windows } of rows) {
    for (const { from, to } of windows.freezes) {
      if (Date.parse(to) + 2 * DAY_MS < now) continue;
      const key = `${from} ${to} ${windows.timezone}`;
      const freeze = freezes.get(key) ?? { from, to, timezone: windows.timezone, rollouts: [] };
      freeze.rollouts.push(id);
      freezes.set(key, freeze);
    }
  }
  return {
    ...within,
    freezes: [...freezes.values()].toSorted((a, b) => a.from.localeCompare(b.from)),
    rollouts: rows.map(({ id, flag, environment, windows, view }) => {
      const opensAt = nextOpening(windows, now);
      const { timezone, allow } = windows;
      const others = (view?.blockers ?? []).filter(({ kind }) => kind !== 'window');
      return {
        id,
        flag,
        environment,
        timezone,
        allow,
        open: opensAt === null,
        opensAt,
        openings: openSpans(windows, within),
        blockers: others.map(({ text }) => text),
      };
    }),
  };
}

/** The windows that the opening of the next stage waits for; of a rollout in its last one those of the whole plan. */
function windowsAhead({ plan, view }: WindowedRow) {
  return windowsOf(plan, presentStage(plan, view) + 1);
}

export function filterOf(
  query: {
    environment?: string | undefined;
    flag?: string | undefined;
    service?: string | undefined;
    q?: string | undefined;
  },
  caller: Caller,
): BoardFilter {
  const { environment, flag, service, q } = query;
  const words = (q ?? '').split(/\s+/).filter((word) => word !== '');
  return {
    scopes: scopesOf(caller.grants, 'read'),
    ...(environment === undefined ? {} : { environment }),
    ...(flag === undefined ? {} : { flag }),
    ...(service === undefined ? {} : { service }),
    ...(words.length === 0 ? {} : { words }),
  };
}

async function* waitingRows(
  { board }: Pick<ServerDeps, 'board'>,
  filter: BoardFilter,
  cursor?: string,
): AsyncGenerator<Waiting> {
  let after = cursor;
  for (;;) {
    const page = { limit: BATCH, plans: true, ...(after === undefined ? {} : { after }) };
    const rows = await board.page({ ...filter, asks: true }, page);
    const lines = await board.lines(
      rows.map(({ id }) => id),
      QUESTION_LINES,
    );
    for (const row of rows) {
      const view = viewOf(row);
      // The store keeps the plan as `plans/parse.ts` gave it.
      const plan = row.plan as Plan;
      yield { row, view, questions: openQuestions(view, { plan, lines: lines.get(row.id) ?? [] }) };
    }
    after = rows.at(-1)?.cursor;
    if (rows.length < BATCH) return;
  }
}

/** Whoever may act for others and names nobody is asked whatever anybody is. @throws Failure PERMISSION_MISSING */
function askedOf(caller: Caller, named: Named): (row: BoardRow) => Asked {
  return (row) => {
    const place = placeOf(row);
    const may: Asked['may'] = (permission) =>
      caller.may(permission, place) || (permission === 'approve' && caller.mayActFor);
    if (caller.mayActFor && named.by === undefined && named.roles === undefined)
      return { name: null, roles: null, may };
    const { by, roles } = caller.actor(named, place);
    return {
      name: by,
      roles:
        named.by === undefined && named.roles === undefined ? approverRoles(caller.grants, place) : roles,
      may,
    };
  };
}

function ofRole(role: string): Asked {
  return { name: null, roles: [role], may: (permission) => permission === 'approve' };
}
