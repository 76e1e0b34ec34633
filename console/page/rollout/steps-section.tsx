import { stepLine, stepsText } from '../../../plans/step-words.ts';
import type { RolloutView } from '../../../plans/view.ts';

/** What is left behind the point of no return: by whom, until when. */
export function StepsSection({ view, now }: { view: RolloutView; now: number }) {
  const { steps = [] } = view;
  if (steps.length === 0) return null;
  return (
    <section className="card" aria-labelledby="steps">
      <h2 id="steps">Behind the point of no return</h2>
      <p>{stepsText(steps)}.</p>
      <ul>
        {steps.map((step) => (
          <li key={step.name}>{stepLine(step, now)}</li>
        ))}
      </ul>
      <p className="quiet">
        <code>tidegate steps done {view.id} STEP --reason "..."</code>
      </p>
    </section>
  );
}
