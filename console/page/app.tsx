import { useEffect, useState } from 'react';
import type { CallerReply } from '../../server/api/access.ts';
import { type Acting, get, Refused, rememberCsrf, remove } from './api/client.ts';
import { enterWithLink } from './session/entry.ts';
import { keepActing, keptActing, type Session, SessionContext } from './session/session.ts';
import { SignIn } from './session/sign-in.tsx';
import { Shell } from './shell.tsx';

type State =
  | { kind: 'opening' }
  | { kind: 'in'; caller: CallerReply }
  | { kind: 'out'; trouble: Refused | null };

/** One entry at a time: a code counts once, and React's strict mode asks twice. */
let entry: Promise<CallerReply> | null = null;

export function App() {
  const [state, setState] = useState<State>({ kind: 'opening' });
  const [acting, setActing] = useState<Acting>(keptActing);

  function enter(caller: CallerReply): void {
    rememberCsrf(caller);
    setActing(caller.mayActFor ? keptActing() : {});
    setState({ kind: 'in', caller });
  }

  useEffect(() => {
    entry ??= enterWithLink().then((caller) => caller ?? get<CallerReply>('/session'));
    entry.then(enter, (error: unknown) => setState({ kind: 'out', trouble: worthSaying(error) }));
  }, []);

  if (state.kind === 'opening') return <p className="opening">Opening …</p>;
  if (state.kind === 'out') return <SignIn entered={enter} trouble={state.trouble} />;
  const session: Session = {
    caller: state.caller,
    acting,
    actAs(next) {
      keepActing(next);
      setActing(next);
    },
    async check() {
      try {
        rememberCsrf(await get<CallerReply>('/session'));
        return true;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 401) return true;
        setState({ kind: 'out', trouble: error });
        return false;
      }
    },
    async leave() {
      await remove('/session').catch(() => undefined);
      setState({ kind: 'out', trouble: null });
    },
  };
  return (
    <SessionContext value={session}>
      <Shell />
    </SessionContext>
  );
}

/** Nobody being logged in is no trouble: the page asks for a login anyway. */
function worthSaying(error: unknown): Refused | null {
  if (!(error instanceof Refused) || error.code === 'LOGIN_NEEDED') return null;
  return error;
}
