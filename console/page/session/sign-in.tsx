import { type FormEvent, useEffect, useState } from 'react';
import type { CallerReply, WaysReply } from '../../../server/api/access.ts';
import { get, post, Refused } from '../api/client.ts';
import { Trouble } from '../parts/trouble.tsx';

/** The way in: the identity provider where there is one, or a token. */
export function SignIn({
  entered,
  trouble,
}: {
  entered(caller: CallerReply): void;
  trouble: Refused | null;
}) {
  const [ways, setWays] = useState<WaysReply | null>(null);
  const [failed, setFailed] = useState(trouble);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    get<WaysReply>('/session/ways').then(setWays, () => setWays({ provider: false }));
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    setBusy(true);
    try {
      entered(await post<CallerReply>('/session', { token: String(token).trim() }));
    } catch (error) {
      setFailed(error instanceof Refused ? error : null);
      setBusy(false);
    }
  }

  const to = encodeURIComponent(location.pathname);
  return (
    <main className="sign-in">
      <h1>Tidegate</h1>
      <p>Log in to see rollouts and to decide about them.</p>
      {failed !== null && <Trouble of={failed} />}
      {ways?.provider === true && (
        <a className="button primary wide" href={`/login?to=${to}`}>
          Log in with your account
        </a>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label htmlFor="token">API token</label>
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="current-password"
          required
          spellCheck={false}
        />
        <button type="submit" className={ways?.provider === true ? 'wide' : 'primary wide'} disabled={busy}>
          Log in with a token
        </button>
      </form>
      <p className="quiet">
        On the machine of the server, <code>npx tidegate console</code> prints a link that logs you in.
      </p>
    </main>
  );
}
