import { useRef, useState } from 'react';
import type { SubmitReply } from '../../../server/api.ts';
import { post } from '../api/client.ts';
import { go, Link, rolloutPath } from '../router.tsx';
import { maySubmitSomewhere, nameOf, useSession } from '../session/session.ts';
import { Findings } from './findings.tsx';
import { submitWords } from './outlook-words.ts';
import { PlanEditor, showPlace } from './plan-editor.tsx';
import { PreflightCard } from './preflight.tsx';
import { SendDialog } from './send-dialog.tsx';
import { SinceLast } from './since-last.tsx';
import { useCheck } from './use-check.ts';

/** A plan from a file or a clipboard becomes a rollout. */
export function SubmitPage() {
  const session = useSession();
  const area = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState({ text: '', file: 'plan.yaml' });
  const [asking, setAsking] = useState(false);
  const checked = useCheck(draft);
  const outlook = checked.reply?.outlook ?? null;
  return (
    <>
      <title>Submit a plan · Tidegate</title>
      <div className="head">
        <h1>Submit a plan</h1>
        {maySubmitSomewhere(session) && (
          <button
            type="button"
            className="primary"
            disabled={outlook === null || !outlook.maySubmit}
            aria-describedby="submit-note"
            onClick={() => setAsking(true)}
          >
            Submit …
          </button>
        )}
      </div>
      <p id="submit-note" className="quiet">
        {maySubmitSomewhere(session)
          ? outlook?.maySubmit === false
            ? `${nameOf(session)} may not submit flag ${outlook.flag} in ${outlook.environment}.`
            : 'You are asked again before anything begins.'
          : `${nameOf(session)} may not submit plans; this page checks them.`}
      </p>
      <div className="plan-page">
        <PlanEditor
          text={draft.text}
          findings={checked.reply?.findings ?? []}
          area={area}
          write={(text, file = draft.file) => setDraft({ text, file })}
        />
        <div className="plan-side">
          <Findings
            checked={checked}
            text={draft.text}
            show={(finding) => showPlace(area.current, finding)}
          />
          {checked.reply?.last != null && <SinceLast last={checked.reply.last} />}
          {maySubmitSomewhere(session) && (
            <PreflightCard draft={draft} ready={outlook !== null && outlook.maySubmit} />
          )}
        </div>
      </div>
      {asking && outlook !== null && (
        <SendDialog
          title={`Submit ${outlook.title ?? outlook.name}?`}
          verb="Submit"
          draft={draft}
          words={(reply) => (reply.outlook === null ? [] : submitWords(reply.outlook))}
          close={() => setAsking(false)}
          send={async ({ key }) => {
            const done = await post<SubmitReply>('/rollouts', { ...draft, ...session.acting }, key);
            if (done.warnings.length + done.notes.length > 0) return <Taken done={done} />;
            go(rolloutPath(done.id));
            return null;
          }}
        />
      )}
    </>
  );
}

/** What the server has to say of a plan that it has taken. */
function Taken({ done: { id, warnings, notes } }: { done: SubmitReply }) {
  return (
    <>
      <p role="status" className="done-note">
        Submitted as {id}.
      </p>
      <ul className="consequences">
        {[...warnings, ...notes].map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <div className="row deeds">
        <Link className="button primary" href={rolloutPath(id)}>
          To the rollout
        </Link>
      </div>
    </>
  );
}
