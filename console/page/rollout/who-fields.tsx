import { useEffect } from 'react';
import { hitBy } from './consequences.ts';
import type { Watched } from './use-rollout.ts';

export interface Who {
  kind: 'tenant' | 'segment';
  name: string;
}

interface Given {
  deed: 'exclude' | 'include';
  watched: Watched;
  who: Who;
  change(who: Who): void;
}

/** Who is taken off the canary, with how many that are where it is known; or which of them is let in again. */
export function WhoFields({ deed, watched, who, change }: Given) {
  return deed === 'exclude' ? (
    <NewcomerFields watched={watched} who={who} change={change} />
  ) : (
    <ReturnFields watched={watched} who={who} change={change} />
  );
}

function NewcomerFields({ watched, who, change }: Omit<Given, 'deed'>) {
  const hit = hitBy(who.name.trim(), watched);
  return (
    <>
      <label htmlFor="kind">Who</label>
      <select
        id="kind"
        value={who.kind}
        onChange={({ target }) => change({ ...who, kind: target.value === 'tenant' ? 'tenant' : 'segment' })}
      >
        <option value="tenant">one tenant</option>
        <option value="segment">one segment</option>
      </select>
      <label htmlFor="name">Name</label>
      <input
        id="name"
        required
        maxLength={200}
        autoComplete="off"
        value={who.name}
        onChange={({ target }) => change({ ...who, name: target.value })}
      />
      <p role="status" className="quiet">
        {hit}
      </p>
    </>
  );
}

function ReturnFields({ watched, who, change }: Omit<Given, 'deed'>) {
  const names = (watched.view.excluded ?? []).map(({ name }) => name);
  const [first = ''] = names;
  useEffect(() => {
    if (!names.includes(who.name)) change({ kind: 'segment', name: first });
  });
  return (
    <>
      <label htmlFor="name">Who</label>
      <select
        id="name"
        value={who.name}
        onChange={({ target }) => change({ kind: 'segment', name: target.value })}
      >
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </>
  );
}
