import { useState } from 'react';
import type { RolloutView } from '../../../plans/view.ts';
import { nameOf, useSession } from '../session/session.ts';
import { ActionDialog } from './action-dialog.tsx';
import { type Offer, offersOf } from './actions.ts';
import { presentAssessment } from './traffic.ts';
import type { Watched } from './use-rollout.ts';

/** The answer to what is asked and the way back stand first; the rest opens below them. */
const FIRST = 2;

/** What can be done now. Each asks again, and says what it will do to how many. */
export function ActionBar({ watched, saw }: { watched: Watched; saw(view: RolloutView): void }) {
  const session = useSession();
  const [chosen, setChosen] = useState<Offer | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const roles = session.acting.roles ?? watched.powers.roles;
  const offers = offersOf({
    view: watched.view,
    assessment: presentAssessment(watched),
    powers: watched.powers,
    person: nameOf(session),
    roles,
  });
  const main = mainOf(offers);
  const rest = offers.filter((offer) => !main.includes(offer));
  const button = (offer: Offer) => (
    <button
      key={offer.deed}
      type="button"
      className={classOf(offer, main)}
      aria-describedby={offer.refused === null ? undefined : `no-${offer.deed}`}
      disabled={offer.refused !== null}
      onClick={() => {
        setDone(null);
        setChosen(offer);
      }}
    >
      {offer.label}
      {offer.deed !== 'pause' && ' …'}
    </button>
  );
  const refusals = [...new Set(offers.flatMap(({ refused }) => refused ?? []))];
  return (
    <section className="actions" aria-label="What you can do">
      <p role="status" className={done === null ? 'hidden' : 'done-note'}>
        {done}
      </p>
      {offers.length > 0 && (
        <>
          <div className="row">{main.map(button)}</div>
          {rest.length > 0 && (
            <details className="rest">
              <summary>More</summary>
              <div className="row">{rest.map(button)}</div>
              {refusals.map((text) => (
                <p key={text} className="quiet">
                  {text}
                </p>
              ))}
            </details>
          )}
        </>
      )}
      {chosen !== null && (
        <ActionDialog
          offer={chosen}
          watched={watched}
          close={(result) => {
            setChosen(null);
            if (result === null) return;
            setDone(result.summary);
            if (result.view !== null) saw(result.view);
          }}
        />
      )}
    </section>
  );
}

function mainOf(offers: readonly Offer[]): Offer[] {
  const answer = offers.filter(
    ({ deed, refused }) => refused === null && deed !== 'rollback' && deed !== 'kill',
  );
  const back = offers.filter(({ deed }) => deed === 'rollback');
  return [...answer.slice(0, FIRST - 1), ...back];
}

function classOf({ deed }: Offer, main: readonly Offer[]): string {
  if (deed === 'rollback' || deed === 'kill') return 'danger';
  return main[0]?.deed === deed && deed !== 'pause' ? 'primary' : '';
}
