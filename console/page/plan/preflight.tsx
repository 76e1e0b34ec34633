import type { PreflightReply, PreflightView } from '../../../server/api/preflights.ts';
import { Refused } from '../api/client.ts';
import { Prose } from '../parts/prose.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { PreflightStages } from './preflight-stages.tsx';
import { amount, span } from './preflight-words.ts';
import type { Draft } from './use-check.ts';
import { usePreflight } from './use-preflight.ts';

interface Given {
  draft: Draft;
  /** Whether the plan as it stands could be tried. */
  ready: boolean;
}

/** What the past of the service says of the plan: how much traffic each stage has, and what it can show with it. */
export function PreflightCard({ draft, ready }: Given) {
  const { reply, trouble, of, running, begin } = usePreflight();
  const stale = reply?.report != null && of !== draft.text;
  return (
    <section aria-labelledby="preflight-title" className="card preflight">
      <h2 id="preflight-title">What its own traffic says</h2>
      <p className="quiet">
        It reads a week of this service from Prometheus and plans each stage with it. Nothing is changed.
      </p>
      <div className="row">
        <button type="button" disabled={!ready || running} onClick={() => begin(draft)}>
          {reply?.report == null ? 'Run a preflight' : 'Run it again'}
        </button>
      </div>
      <div role="status">
        {running && <Progress of={reply} />}
        {reply?.report != null && <p>{verdict(reply.report)}</p>}
      </div>
      {stale && <p className="freeze">The plan has changed since: this is about the text before.</p>}
      {trouble !== null && <Trouble of={trouble} />}
      {reply?.problem != null && <Trouble of={new Refused(reply.problem)} />}
      {reply?.report != null && <Report of={reply.report} />}
    </section>
  );
}

function Progress({ of }: { of: PreflightReply | null }) {
  const { done = 0, whole = 0 } = of ?? {};
  const text = whole === 0 ? 'It begins …' : `Read ${Math.floor((done / whole) * 100)} % of the past …`;
  return (
    <label className="reading">
      {text}
      {whole === 0 ? <progress /> : <progress value={done} max={whole} />}
    </label>
  );
}

function verdict({ ok, findings, stages }: PreflightView): string {
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (!ok) return `The rollout would not start: ${errors} to mend.`;
  const short = stages.filter(({ proposedBake }) => proposedBake !== null).length;
  const words = [
    ...(warnings === 0 ? [] : [`${warnings} to think about`]),
    ...(short === 0 ? [] : [`${short === 1 ? 'one stage is' : `${short} stages are`} too short`]),
  ];
  return words.length === 0 ? 'It can start.' : `It can start; ${words.join(', ')}.`;
}

const WORDS = { error: 'Error', warning: 'Risk', note: 'Note' } as const;

function Report({ of: { traffic, history, stages, findings } }: { of: PreflightView }) {
  return (
    <>
      <h3>Requests an hour, both paths together</h3>
      <ul>
        {traffic.map(({ metric, perHour, quietest }) => (
          <li key={metric}>
            <strong>{metric}</strong>: {amount(perHour)}
            {quietest !== null &&
              `; in the quietest hour ${amount(quietest.perHour)} (${String(quietest.hour).padStart(2, '0')}:00 UTC)`}
          </li>
        ))}
      </ul>
      <p className="quiet">
        {history.polls.toLocaleString('en-US')} usable polls, {span(history.seconds)}
        {history.note !== null && `. ${history.note}`}
      </p>
      <h3>Stage by stage</h3>
      <PreflightStages of={stages} />
      {findings.length > 0 && (
        <>
          <h3>Found</h3>
          <ul className="findings">
            {findings.map(({ severity, where, message, instead }) => (
              <li key={`${where} ${message}`} className={severity}>
                <div>
                  <p>
                    <strong>{WORDS[severity]}</strong> <code>{where}</code> {message}
                  </p>
                  {instead !== '' && (
                    <p className="quiet">
                      Instead: <Prose of={instead} />
                    </p>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
