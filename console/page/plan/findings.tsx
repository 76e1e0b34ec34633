import type { ReactNode } from 'react';
import type { PlanFinding } from '../../../server/api/plans.ts';
import { Prose } from '../parts/prose.tsx';
import { Trouble } from '../parts/trouble.tsx';
import type { Checked } from './use-check.ts';

interface Given {
  checked: Checked;
  text: string;
  show(finding: PlanFinding): void;
}

/** What is wrong with a plan and what is a risk in it, each with the line that it is about. */
export function Findings({ checked: { reply, trouble }, text, show }: Given) {
  const lines = text.split('\n');
  return (
    <section id="plan-findings" aria-labelledby="findings-title" className="card">
      <h2 id="findings-title">What the check says</h2>
      <p role="status">{summary(reply, text)}</p>
      {trouble !== null && <Trouble of={trouble} />}
      {reply !== null && reply.findings.length > 0 && (
        <ol className="findings">
          {reply.findings.map((finding) => {
            const { severity, rule, line, column, path, message, instead } = finding;
            const more = reasons(finding);
            return (
              <li key={`${line} ${column} ${rule} ${message}`} className={severity}>
                <button type="button" onClick={() => show(finding)}>
                  Line {line}
                </button>
                <div>
                  <pre>{lines[line - 1]?.trim()}</pre>
                  <p>
                    <strong>{severity === 'error' ? 'Error' : 'Risk'}</strong>{' '}
                    {path !== '' && <code>{path}</code>} {message} <small>[{rule}]</small>
                  </p>
                  {instead !== '' && (
                    <p className="quiet">
                      Instead: <Prose of={instead} />
                    </p>
                  )}
                  {more.length > 0 && (
                    <details>
                      <summary>
                        Why <span className="hidden">{rule}</span>
                      </summary>
                      {more.map(({ word, of }) => (
                        <p key={word}>
                          {word} {of}
                        </p>
                      ))}
                    </details>
                  )}
                </div>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}

/** Why the rule is there, how to mend it where the finding itself does not say, and the line that accepts it. */
function reasons({ severity, why, mend, instead, allow }: PlanFinding): { word: string; of: ReactNode }[] {
  return [
    ...(why === '' ? [] : [{ word: severity === 'error' ? 'What holds:' : '', of: <Prose of={why} /> }]),
    ...(mend === '' || mend === instead ? [] : [{ word: 'To mend it:', of: <Prose of={mend} /> }]),
    ...(allow === null ? [] : [{ word: 'To take it on purpose, below allow:', of: <code>{allow}</code> }]),
  ];
}

function summary(reply: Checked['reply'], text: string): string {
  if (text.trim() === '') return 'Nothing yet: there is no plan.';
  if (reply === null) return 'Looking …';
  const count = (n: number, one: string, many: string) => `${n === 0 ? 'no' : n} ${n === 1 ? one : many}`;
  const errors = count(reply.errors.length, 'error', 'errors');
  const risks = count(reply.warnings.length, 'risk', 'risks');
  return reply.ok ? `The plan can be taken: ${risks}.` : `The plan has ${errors} and ${risks}.`;
}
