import { isOver } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import { duration, percent } from '../../../plans/words.ts';
import { Icon } from '../parts/icons.tsx';

/** The stages in their order: done, now, ahead. */
export function Timeline({ view, now }: { view: RolloutView; now: number }) {
  const over = isOver(view);
  return (
    <section aria-labelledby="stages">
      <h2 id="stages">Stages</h2>
      <ol className="stages">
        {view.stages.map((stage) => {
          const stopped = stage.state === 'now' && over;
          const state = stopped ? 'stopped' : stage.state;
          return (
            <li key={stage.name} className={state} aria-current={stage.state === 'now' ? 'step' : undefined}>
              <span className="stage-sign">
                {state === 'done' && <Icon name="done" />}
                {state === 'now' && <Icon name={view.pause === null ? 'run' : 'pause'} />}
                {stopped && <Icon name="stop" />}
              </span>
              <strong>{stage.name}</strong>
              <small>
                {stage.name === percent(stage.percent).replace(' ', '') ? '' : `${percent(stage.percent)}, `}
                {state}
                {state === 'now' && view.stageSince !== null && `, ${inWholeMinutes(now - view.stageSince)}`}
              </small>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function inWholeMinutes(ms: number): string {
  return ms < 60_000 ? 'under 1 min' : duration(Math.floor(ms / 60_000) * 60);
}
