import { daysOf, type OpenSpan } from '../../../plans/windows.ts';
import type { WindowsReply } from '../../../server/api/board.ts';
import type { BoardRow } from '../../../server/api/console-board.ts';

type Windowed = WindowsReply['rollouts'][number];

/** An active rollout in the calendar. */
export interface Rising {
  id: string;
  title: string;
  flag: string;
  /** When windows next let it go up; null: they let it now. */
  opensAt: number | null;
  /** End of the span that is open now; null: it is closed, or open to the end of the calendar. */
  closesAt: number | null;
  /** What else stands in its way. */
  blockers: readonly string[];
  reverting: boolean;
  paused: boolean;
}

/** Rollouts of one environment whose plans say the same of windows and freezes. */
export interface Rule {
  key: string;
  /** Whose days and hours the plans mean; null: these plans have no windows. */
  timezone: string | null;
  allow: readonly string[];
  freezes: readonly { from: string; to: string }[];
  openings: readonly OpenSpan[];
  frozen: readonly OpenSpan[];
  rollouts: Rising[];
}

export interface EnvironmentCalendar {
  environment: string;
  rules: Rule[];
}

/** The calendar of each environment, by name; plans with windows before those without. */
export function calendarsOf(reply: WindowsReply, rows: readonly BoardRow[]): EnvironmentCalendar[] {
  const known = new Map(rows.map((row) => [row.id, row]));
  const all = new Map<string, Map<string, Rule>>();
  const ruleOf = (environment: string, rule: Omit<Rule, 'rollouts' | 'key'>): Rule => {
    const { timezone, allow, freezes } = rule;
    const rules = all.get(environment) ?? new Map<string, Rule>();
    all.set(environment, rules);
    const key = JSON.stringify([timezone, allow, freezes]);
    const found = rules.get(key) ?? { ...rule, key, rollouts: [] };
    rules.set(key, found);
    return found;
  };
  for (const one of reply.rollouts) {
    const { environment, timezone, allow, openings } = one;
    const freezes = reply.freezes
      .filter((freeze) => freeze.timezone === timezone && freeze.rollouts.includes(one.id))
      .map(({ from, to }) => ({ from, to }));
    const frozen = frozenSpans(freezes, timezone, reply);
    const rule = ruleOf(environment, { timezone, allow, freezes, openings, frozen });
    rule.rollouts.push(rising(one, known.get(one.id), reply));
  }
  const windowed = new Set(reply.rollouts.map(({ id }) => id));
  for (const row of rows) {
    if (row.endedAt !== null || windowed.has(row.id)) continue;
    const anyTime = { timezone: null, allow: [], freezes: [], openings: [], frozen: [] };
    const blockers = row.blockers.map(({ text }) => text);
    const free = { id: row.id, flag: row.flag, opensAt: null, openings: [], blockers };
    ruleOf(row.environment, anyTime).rollouts.push(rising(free, row, reply));
  }
  return [...all]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([environment, rules]) => ({
      environment,
      rules: [...rules.values()].toSorted(
        (a, b) => Number(a.timezone === null) - Number(b.timezone === null),
      ),
    }));
}

function rising(
  {
    id,
    flag,
    opensAt,
    openings,
    blockers,
  }: Pick<Windowed, 'id' | 'flag' | 'opensAt' | 'openings' | 'blockers'>,
  row: BoardRow | undefined,
  { from, to }: OpenSpan,
): Rising {
  const present = openings.find((span) => span.from <= from);
  return {
    id,
    title: row?.title ?? id,
    flag,
    opensAt,
    closesAt: opensAt === null && present !== undefined && present.to < to ? present.to : null,
    blockers,
    reverting: row?.phase === 'reverting',
    paused: row?.pause != null,
  };
}

/** Freezes hold whole days of their zone, the last one included. */
function frozenSpans(
  freezes: readonly { from: string; to: string }[],
  timezone: string,
  within: OpenSpan,
): OpenSpan[] {
  const days = daysOf(timezone, within).filter(({ date }) =>
    freezes.some(({ from, to }) => from <= date && date <= to),
  );
  const spans: { from: number; to: number }[] = [];
  for (const { from, to } of days) {
    const last = spans.at(-1);
    if (last?.to === from) last.to = to;
    else spans.push({ from, to });
  }
  return spans;
}
