import { useEffect, useMemo, useRef, useState } from 'react';
import { isOver } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { Powers } from '../../../server/api/console-board.ts';
import type { PlanReply, StatusReply } from '../../../server/api.ts';
import { get, post, Refused } from '../api/client.ts';
import { Trouble } from '../parts/trouble.tsx';
import { go, Link, rolloutPath } from '../router.tsx';
import { nameOf, useSession } from '../session/session.ts';
import { Changes } from './changes.tsx';
import { Findings } from './findings.tsx';
import { amendWords } from './outlook-words.ts';
import { PlanEditor, showPlace } from './plan-editor.tsx';
import { SendDialog } from './send-dialog.tsx';
import { useCheck } from './use-check.ts';

interface Present {
  view: RolloutView;
  powers: Powers;
  plan: PlanReply;
}

/** Changes the plan of a rollout that runs, with what would differ shown first. */
export function AmendPage({ id }: { id: string }) {
  const { check } = useSession();
  const [present, setPresent] = useState<Present | null>(null);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  useEffect(() => {
    const path = `/rollouts/${encodeURIComponent(id)}`;
    const gone = new AbortController();
    Promise.all([
      get<StatusReply>(path, gone.signal),
      get<Powers>(`${path}/powers`, gone.signal),
      get<PlanReply>(`${path}/plan`, gone.signal),
    ]).then(
      ([{ view }, powers, plan]) => setPresent({ view, powers, plan }),
      (error: unknown) => {
        if (gone.signal.aborted || !(error instanceof Refused)) return;
        setTrouble(error);
        if (error.status === 401) void check();
      },
    );
    return () => gone.abort();
  }, [id]);
  return (
    <>
      <title>{`Amend ${id} · Tidegate`}</title>
      {present === null ? (
        <>
          <h1>Amend {id}</h1>
          {trouble === null ? <p className="empty">Loading the plan …</p> : <Trouble of={trouble} />}
        </>
      ) : (
        <Amend present={present} />
      )}
    </>
  );
}

function Amend({ present: { view, powers, plan } }: { present: Present }) {
  const session = useSession();
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(plan.text);
  const [asking, setAsking] = useState<{ seq: number } | null>(null);
  const draft = useMemo(() => ({ text, file: `${view.name}.yaml`, amends: view.id }), [text, view]);
  const checked = useCheck(draft);
  const differences = checked.reply?.differences ?? null;
  const refusal = isOver(view)
    ? `${view.id} is over: submit a plan instead.`
    : view.phase === 'reverting'
      ? `${view.id} is going back.`
      : powers.may.includes('submit')
        ? null
        : `${nameOf(session)} may not amend plans here.`;

  /** The place that the rollout has reached goes with the question: where it moves on meanwhile, the answer is a refusal. */
  async function ask(): Promise<void> {
    const path = `/rollouts/${encodeURIComponent(view.id)}`;
    const now = await get<StatusReply>(path).catch(() => null);
    setAsking({ seq: now?.view.seq ?? view.seq });
  }

  return (
    <>
      <div className="head">
        <h1>Amend {view.title ?? view.id}</h1>
        {refusal === null && (
          <button
            type="button"
            className="primary"
            disabled={checked.reply?.ok !== true || differences === null || differences.length === 0}
            onClick={() => void ask()}
          >
            Amend …
          </button>
        )}
      </div>
      <p className="quiet">
        <Link href={rolloutPath(view.id)}>{view.id}</Link>, plan revision {plan.revision}. Flag, environment
        and the stages that have begun stay as they are.
      </p>
      {refusal !== null && <p className="freeze">{refusal}</p>}
      <div className="plan-page">
        <PlanEditor
          text={text}
          findings={checked.reply?.findings ?? []}
          area={area}
          write={(written) => setText(written)}
        />
        <div className="plan-side">
          <Changes before={plan.text} after={text} differences={differences} />
          <Findings checked={checked} text={text} show={(finding) => showPlace(area.current, finding)} />
        </div>
      </div>
      {asking !== null && (
        <SendDialog
          title={`Amend ${view.title ?? view.id}?`}
          verb="Amend"
          draft={draft}
          words={({ differences: found, outlook }) => [
            ...(found ?? []).map((one) => one.text),
            ...amendWords(found ?? [], outlook?.mode ?? 'act'),
          ]}
          close={() => setAsking(null)}
          send={async ({ key, reason }) => {
            const path = `/rollouts/${encodeURIComponent(view.id)}/amend`;
            const { file } = draft;
            await post<unknown>(path, { ...session.acting, text, file, reason, seq: asking.seq }, key);
            go(rolloutPath(view.id));
            return null;
          }}
        />
      )}
    </>
  );
}
