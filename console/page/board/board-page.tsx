import { useDeferredValue, useMemo, useState } from 'react';
import { Link } from '../router.tsx';
import { maySubmitSomewhere, useSession } from '../session/session.ts';
import { BoardList } from './board-list.tsx';
import { belongs, byUrgency, FILTERS, type Filter, matches } from './order.ts';
import type { BoardState } from './use-board.ts';

/** Every rollout, the most urgent first. */
export function BoardPage({ board }: { board: BoardState }) {
  const [filter, setFilter] = useState<Filter>('all');
  const [text, setText] = useState('');
  const session = useSession();
  const rows = useDeferredValue(board.rows);
  const found = useMemo(() => (rows ?? []).filter((row) => matches(row, text)).sort(byUrgency), [rows, text]);
  const shown = found.filter((row) => belongs(row, filter));
  return (
    <>
      <title>Rollouts · Tidegate</title>
      <div className="head">
        <h1>Rollouts</h1>
        {maySubmitSomewhere(session) && (
          <Link className="button new-rollout" href="/submit">
            Submit a plan …
          </Link>
        )}
        <search className="filters">
          <fieldset>
            <legend className="hidden">Which rollouts</legend>
            {FILTERS.map(({ name, text: label }) => (
              <label key={name} className="chip">
                <input
                  type="radio"
                  name="filter"
                  checked={filter === name}
                  onChange={() => setFilter(name)}
                />
                {label} <span className="number">{found.filter((row) => belongs(row, name)).length}</span>
              </label>
            ))}
          </fieldset>
          <label className="find">
            <span className="hidden">Find by name, flag, environment or owner</span>
            <input
              type="search"
              placeholder="Find …"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
        </search>
      </div>
      {rows === null ? (
        <p className="empty">Loading rollouts …</p>
      ) : shown.length === 0 ? (
        <p className="empty">
          {rows.length === 0
            ? 'There are no rollouts yet. `npx tidegate submit plan.yaml` makes one, or a plan that is submitted here.'
            : 'No rollout is like that.'}
        </p>
      ) : (
        <BoardList key={`${filter} ${text}`} rows={shown} session={session} label="Rollouts" />
      )}
    </>
  );
}
