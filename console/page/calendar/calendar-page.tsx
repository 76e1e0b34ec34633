import { useMemo, useState } from 'react';
import type { OpenSpan } from '../../../plans/windows.ts';
import type { BoardState } from '../board/use-board.ts';
import { useNow } from '../clock.ts';
import { Trouble } from '../parts/trouble.tsx';
import { calendarsOf, type Rule } from './groups.ts';
import { RisingList } from './rising-list.tsx';
import { dayText, READERS_ZONE } from './times.ts';
import { useWindows } from './use-windows.ts';
import { WeekTable } from './week-table.tsx';
import { weeksOf } from './weeks.ts';

const WEEKS = [2, 4, 8] as const;
type Clock = 'plan' | 'mine';

/** When exposure may rise, in each environment, by the plans of the rollouts that run. */
export function CalendarPage({ board }: { board: BoardState }) {
  const [weeks, setWeeks] = useState<(typeof WEEKS)[number]>(2);
  const [clock, setClock] = useState<Clock>('plan');
  const active = (board.rows ?? []).filter(({ endedAt }) => endedAt === null);
  // To the end of the last week, which is then known in every zone.
  const { reply, trouble } = useWindows(weeks * 7 + 8, stampOf(active));
  const calendars = useMemo(
    () => (reply === null ? null : calendarsOf(reply, board.rows ?? [])),
    [reply, board.rows],
  );
  return (
    <>
      <title>Calendar · Tidegate</title>
      <div className="head">
        <h1>When exposure may rise</h1>
        <div className="filters">
          <fieldset>
            <legend className="hidden">How far ahead</legend>
            {WEEKS.map((n) => (
              <label key={n} className="chip">
                <input type="radio" name="weeks" checked={weeks === n} onChange={() => setWeeks(n)} />
                {n} weeks
              </label>
            ))}
          </fieldset>
          <fieldset>
            <legend className="hidden">By whose clock</legend>
            <label className="chip">
              <input type="radio" name="clock" checked={clock === 'plan'} onChange={() => setClock('plan')} />
              Plan's time
            </label>
            <label className="chip">
              <input type="radio" name="clock" checked={clock === 'mine'} onChange={() => setClock('mine')} />
              My time ({READERS_ZONE})
            </label>
          </fieldset>
        </div>
      </div>
      {trouble !== null && <Trouble of={trouble} />}
      {calendars === null || reply === null || board.rows === null ? (
        trouble === null && <p className="empty">Loading the calendar …</p>
      ) : calendars.length === 0 ? (
        <p className="empty">No rollout runs. What plans say of windows is shown while they do.</p>
      ) : (
        <div className="calendars">
          <p className="quiet">
            Windows and freezes hold what goes up. Stops, rollbacks and kills never wait for them.
          </p>
          {calendars.map(({ environment, rules }) => (
            <section key={environment} aria-label={environment}>
              <h2>{environment}</h2>
              {rules.map((rule) => (
                <RuleCard
                  key={rule.key}
                  rule={rule}
                  within={reply}
                  weeks={weeks}
                  zone={clock === 'plan' ? rule.timezone : READERS_ZONE}
                />
              ))}
            </section>
          ))}
        </div>
      )}
    </>
  );
}

function RuleCard({
  rule,
  within,
  weeks,
  zone,
}: {
  rule: Rule;
  within: OpenSpan;
  weeks: number;
  zone: string | null;
}) {
  const now = useNow();
  const { timezone, allow, freezes, rollouts } = rule;
  if (timezone === null || zone === null)
    return (
      <div className="card rule">
        <h3>At any time: their plans have no windows</h3>
        <RisingList rollouts={rollouts} timezone={null} now={now} />
      </div>
    );
  const hours = allow.length === 0 ? 'At any hour' : allow.join(', ');
  return (
    <div className="card rule">
      <div>
        <h3>
          {hours} ({timezone})
        </h3>
        {freezes.map(({ from, to }) => (
          <p key={`${from} ${to}`} className="freeze">
            <strong>Frozen</strong> {from === to ? dayText(from) : `${dayText(from)} – ${dayText(to)}`}, whole
            days of {timezone}
          </p>
        ))}
        <RisingList rollouts={rollouts} timezone={timezone} now={now} />
      </div>
      <div>
        <p className="quiet">Days and hours of {zone}</p>
        <WeekTable
          weeks={weeksOf(rule, { timezone: zone, within, weeks })}
          caption={`When exposure may rise by ${hours}, in ${zone}`}
        />
      </div>
    </div>
  );
}

/** What the calendar depends on: which rollouts there are, and what holds them. */
function stampOf(rows: NonNullable<BoardState['rows']>): string {
  return rows
    .map(
      ({ id, stage, phase, blockers }) =>
        `${id} ${stage ?? ''} ${phase} ${blockers.map(({ kind }) => kind).join()}`,
    )
    .toSorted()
    .join('|');
}
