import { useEffect, useRef } from 'react';
import { ApprovalsPage } from './approvals/approvals-page.tsx';
import { BoardPage } from './board/board-page.tsx';
import { useBoard } from './board/use-board.ts';
import { waitingForMe } from './board/waiting.ts';
import { CalendarPage } from './calendar/calendar-page.tsx';
import { FlagsPage } from './flags/flags-page.tsx';
import { LiveSign } from './parts/live-sign.tsx';
import { PersonMenu } from './parts/person-menu.tsx';
import { AmendPage } from './plan/amend-page.tsx';
import { SubmitPage } from './plan/submit-page.tsx';
import { RolloutPage } from './rollout/rollout-page.tsx';
import { Link, usePath } from './router.tsx';
import { useSession } from './session/session.ts';

const PAGES = [
  { path: '/', name: 'Rollouts' },
  { path: '/approvals', name: 'For me' },
  { path: '/flags', name: 'Flags' },
  { path: '/calendar', name: 'Calendar' },
] as const;

/** Header, navigation and the present page. */
export function Shell() {
  const path = usePath();
  const session = useSession();
  const amended = /^\/rollouts\/([^/]+)\/amend\/?$/.exec(path)?.[1];
  const id = /^\/rollouts\/([^/]+)\/?$/.exec(path)?.[1];
  const board = useBoard();
  const waiting = board.rows === null ? 0 : waitingForMe(board.rows, session).length;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A reader of the screen hears where a link has led.
  useEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [path]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" href="/">
          <img src="/assets/icon.svg" alt="" width="24" height="24" />
          Tidegate
        </Link>
        <nav aria-label="Pages">
          {PAGES.map((page) => (
            <Link
              key={page.path}
              href={page.path}
              aria-current={
                page.path === path || (page.path === '/' && path !== '/' && /^\/(rollouts|submit)/.test(path))
                  ? 'page'
                  : undefined
              }
            >
              {page.name}
              {page.path === '/approvals' && waiting > 0 && (
                <>
                  {' '}
                  <span className="count">{waiting}</span>
                  <span className="hidden"> waiting</span>
                </>
              )}
            </Link>
          ))}
        </nav>
        <div className="top-end">
          <LiveSign line={board.line} />
          <PersonMenu />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {id !== undefined ? (
          <RolloutPage key={id} id={decodeURIComponent(id)} />
        ) : amended !== undefined ? (
          <AmendPage key={amended} id={decodeURIComponent(amended)} />
        ) : path === '/submit' ? (
          <SubmitPage />
        ) : path === '/approvals' ? (
          <ApprovalsPage board={board} />
        ) : path === '/flags' ? (
          <FlagsPage />
        ) : path === '/calendar' ? (
          <CalendarPage board={board} />
        ) : (
          <BoardPage board={board} />
        )}
      </main>
    </>
  );
}
