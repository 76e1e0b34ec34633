import { useState } from 'react';
import { stepLine, stepsText } from '../../../plans/step-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { ActionReply } from '../../../server/api.ts';
import { post } from '../api/client.ts';
import { AskDialog } from '../parts/ask-dialog.tsx';
import { useSession } from '../session/session.ts';
import type { Watched } from './use-rollout.ts';

interface Given {
  watched: Watched;
  now: number;
  saw(view: RolloutView): void;
}

/** What is left behind the point of no return: by whom, until when, and who may say that it is done. */
export function StepsSection({ watched, now, saw }: Given) {
  const { view, powers } = watched;
  const session = useSession();
  const [asked, setAsked] = useState<string | null>(null);
  const { steps = [] } = view;
  if (steps.length === 0) return null;
  const may = powers.may.includes('operate') || powers.may.includes('submit');
  return (
    <section className="card" aria-labelledby="steps">
      <h2 id="steps">Behind the point of no return</h2>
      <p>{stepsText(steps)}.</p>
      <ul className="steps">
        {steps.map((step) => (
          <li key={step.name}>
            <span>{stepLine(step, now)}</span>
            {may && step.done === null && (
              <button type="button" aria-label={`${step.name} is done …`} onClick={() => setAsked(step.name)}>
                Done …
              </button>
            )}
          </li>
        ))}
      </ul>
      {asked !== null && (
        <AskDialog
          title={`${asked} is done?`}
          verb="Done"
          reason="optional"
          close={() => setAsked(null)}
          send={async ({ reason, key }) => {
            const path = `/rollouts/${encodeURIComponent(view.id)}/steps/${encodeURIComponent(asked)}/done`;
            const body = { ...session.acting, ...(reason === null ? {} : { reason }) };
            const reply = await post<ActionReply>(path, body, key);
            saw(reply.view);
            return null;
          }}
        >
          <p>Nobody is reminded of it any more. What was done for it stands in the journal.</p>
        </AskDialog>
      )}
    </section>
  );
}
