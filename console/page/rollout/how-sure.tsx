import type { Assessment } from '../../../plans/assessment.ts';
import type { Comparison } from '../../../plans/comparison.ts';
import { partName } from '../../../plans/part-name.ts';
import { sureness, sureText } from '../../../plans/standing-words.ts';
import { Sure } from '../parts/sure.tsx';

/** How much the evidence says that the new path is worse: of all metrics together, then of each. */
export function HowSure({
  assessment,
  comparison,
}: {
  assessment: Assessment | null;
  comparison: Comparison | null;
}) {
  const whole = assessment ?? comparison;
  const known = whole !== null && (assessment !== null || comparison?.to != null);
  return (
    <section className="card" aria-labelledby="how-sure">
      <h2 id="how-sure">How sure that it is worse</h2>
      {!known ? (
        <p>The gate has not looked yet.</p>
      ) : (
        <>
          <Sure share={sureness(whole.lnE, whole.threshold)} label={sureText(whole)} />
          <p>{whole.reason}</p>
          {assessment !== null && (
            <dl className="metrics">
              {assessment.metrics.map((metric) => {
                const share = sureness(metric.lnE, assessment.threshold);
                return (
                  <div key={partName(metric)}>
                    <dt>{partName(metric)}</dt>
                    <dd>
                      <Sure
                        share={share}
                        label={`${Math.round(share * 100)} %, ${metric.verdict.replace('-', ' ')}`}
                      />
                    </dd>
                  </div>
                );
              })}
            </dl>
          )}
          {assessment !== null && (
            <p className="quiet">
              From {assessment.polls.used} looks; {assessment.polls.rejected} were no evidence. However often
              it looks, it rolls a good release back at most as often as the plan allows.
            </p>
          )}
        </>
      )}
    </section>
  );
}
