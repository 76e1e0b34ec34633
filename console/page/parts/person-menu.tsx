import { type FormEvent, useRef, useState } from 'react';
import { nameOf, useSession } from '../session/session.ts';
import { chooseTheme, shownTheme } from '../theme.ts';
import { Icon } from './icons.tsx';

/** Who is logged in, for whom they act, light or dark, and the way out. */
export function PersonMenu() {
  const session = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  const [theme, setTheme] = useState(shownTheme);
  const { caller, acting } = session;
  const other = theme === 'dark' ? 'light' : 'dark';

  function keep(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const by = String(data.get('by')).trim();
    const roles = String(data.get('roles'))
      .split(/[\s,]+/)
      .filter((role) => role !== '');
    session.actAs({ ...(by === '' ? {} : { by }), ...(roles.length === 0 ? {} : { roles }) });
    dialog.current?.close();
  }

  return (
    <>
      <button type="button" className="person" onClick={() => dialog.current?.showModal()}>
        <span className="person-name">{nameOf(session)}</span>
      </button>
      <dialog ref={dialog} aria-labelledby="person-title" className="person-dialog">
        <h2 id="person-title">{nameOf(session)}</h2>
        <p>
          {caller.name === nameOf(session) ? 'Logged in' : `Logged in as ${caller.name}`}
          {caller.grants.length > 0 && (
            <>
              {' with '}
              <code>{caller.grants.join(' ')}</code>
            </>
          )}
          .
        </p>
        {caller.mayActFor && (
          <form onSubmit={keep}>
            <p className="quiet">
              As the administrator of this machine you say whose decisions these are. The journal names both.
            </p>
            <label htmlFor="by">Your name</label>
            <input id="by" name="by" defaultValue={acting.by ?? ''} autoComplete="username" />
            <label htmlFor="roles">Your roles for approvals, such as on-call</label>
            <input id="roles" name="roles" defaultValue={acting.roles?.join(' ') ?? ''} autoComplete="off" />
            <button type="submit">Keep</button>
          </form>
        )}
        <div className="row">
          <button
            type="button"
            onClick={() => {
              chooseTheme(other);
              setTheme(other);
            }}
          >
            <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
            {other === 'dark' ? 'Dark' : 'Light'}
          </button>
          <button type="button" onClick={() => void session.leave()}>
            Log out
          </button>
          <button type="button" className="primary" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </dialog>
    </>
  );
}
