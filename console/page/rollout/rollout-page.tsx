import { isOver } from '../../../plans/standing-words.ts';
import type { ComparisonReply } from '../../../server/api.ts';
import { useNow } from '../clock.ts';
import { Badge } from '../parts/badge.tsx';
import { Prose } from '../parts/prose.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Link } from '../router.tsx';
import { ActionBar } from './action-bar.tsx';
import { ChartsSection } from './charts-section.tsx';
import { ComparisonTable } from './comparison-table.tsx';
import { ForecastLine } from './forecast-line.tsx';
import { HowSure } from './how-sure.tsx';
import { IncidentSection } from './incident-section.tsx';
import { JournalSection } from './journal-section.tsx';
import { PlanSection } from './plan-section.tsx';
import { Serving } from './serving.tsx';
import { situationOf } from './situation.ts';
import { StepsSection } from './steps-section.tsx';
import { Timeline } from './timeline.tsx';
import { presentAssessment } from './traffic.ts';
import { useRefreshed } from './use-refreshed.ts';
import { useRollout, type Watched } from './use-rollout.ts';
import { WaitsFor } from './waits-for.tsx';
import { Why } from './why.tsx';

/** One rollout: what happened and what to do first, then the evidence, then the history. */
export function RolloutPage({ id }: { id: string }) {
  const { state, saw } = useRollout(id);
  switch (state.kind) {
    case 'loading':
      return <p className="opening">Loading {id} …</p>;
    case 'refused':
      return (
        <>
          <title>{`${id} · Tidegate`}</title>
          <h1>{id}</h1>
          <Trouble of={state.trouble} />
          <p>
            <Link href="/">All rollouts</Link>
          </p>
        </>
      );
    case 'here':
      return <Here watched={state.watched} saw={saw} />;
  }
}

function Here({ watched, saw }: { watched: Watched; saw: ReturnType<typeof useRollout>['saw'] }) {
  const { view, live, notifications, powers } = watched;
  const now = useNow();
  const assessment = presentAssessment(watched);
  const situation = situationOf(view, assessment, now);
  const path = `/rollouts/${encodeURIComponent(view.id)}`;
  const stamp = `${view.seq} ${live?.at ?? ''}`;
  const { value: compared } = useRefreshed<ComparisonReply>(`${path}/comparison`, stamp, 3000);
  const waiting = notifications.filter(({ state }) => state === 'waiting');
  return (
    <article className="rollout">
      <title>{`${situation.standing.text}: ${view.title ?? view.id} · Tidegate`}</title>
      <header>
        <h1>{view.title ?? view.id}</h1>
        <p className="quiet">
          {view.id} · flag {view.flag} in {view.environment}
          {view.owner !== null && ` · ${view.owner}`}
          {view.build !== undefined && ` · build ${view.build}`} · handed in by {view.submittedBy}
        </p>
      </header>
      <section className={`situation ${situation.standing.tone}`} aria-label="What happened">
        <Badge of={situation.standing} />
        <h2>{situation.heading}</h2>
        {situation.why !== null && <p>{situation.why}</p>}
        {situation.then !== null && (
          <p className="then">
            <Prose of={situation.then} />
          </p>
        )}
        <Why explanation={view.explanation} />
      </section>
      <ActionBar watched={watched} saw={saw} />
      <div className="columns">
        <IncidentSection watched={watched} now={now} />
        <Serving watched={watched} />
        <HowSure assessment={assessment} comparison={compared?.comparison ?? null} />
        <WaitsFor view={view} assessment={assessment} now={now} messages={waiting} />
        <ForecastLine forecast={watched.forecast} />
        <StepsSection watched={watched} now={now} saw={saw} />
      </div>
      <Timeline view={view} now={now} />
      <ComparisonTable reply={compared} />
      <ChartsSection id={view.id} stamp={stamp} metric={assessment?.metric ?? null} />
      <JournalSection id={view.id} seq={view.seq} />
      <PlanSection
        id={view.id}
        revision={view.planRevision}
        amendable={powers.may.includes('submit') && !isOver(view) && view.phase !== 'reverting'}
      />
    </article>
  );
}
