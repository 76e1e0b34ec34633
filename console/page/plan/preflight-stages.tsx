import type { PreflightMetric, PreflightStage } from '../../../server/api/preflights.ts';
import { amount, span } from './preflight-words.ts';

/** What each stage has of the traffic, and how soon it sees what. */
export function PreflightStages({ of }: { of: readonly PreflightStage[] }) {
  return (
    <ol className="preflight-stages">
      {of.map((stage) => (
        <li key={stage.stage}>
          <h4>{stage.stage}</h4>
          <p>{head(stage)}</p>
          {stage.proposedBake !== null && (
            <p className="freeze">
              Too short to see what its thresholds name: <code>bake: {stage.proposedBake}</code>
            </p>
          )}
          {stage.compared ? (
            <Metrics of={stage.metrics} />
          ) : (
            <p className="quiet">Not compared: only limits and minimums hold here.</p>
          )}
        </li>
      ))}
    </ol>
  );
}

function head({ percent, perHour, quietestPerHour, users, bake, max, minRequests }: PreflightStage): string {
  const requests = perHour === null ? 'traffic not known' : `${amount(perHour)} requests an hour`;
  return [
    percent === null ? 'segments or tenants' : `${percent} %`,
    quietestPerHour === null ? requests : `${requests}, ${amount(quietestPerHour)} in the quietest`,
    ...(users === null ? [] : [`${amount(users)} users`]),
    `bakes ${span(bake)}, asks after ${span(max)}`,
    ...(minRequests === null
      ? []
      : [
          `its minimum of ${amount(minRequests.need)} requests ${minRequests.after === null ? 'never comes' : `after ${span(minRequests.after)}`}`,
        ]),
  ].join(' · ');
}

function Metrics({ of }: { of: readonly PreflightMetric[] }) {
  return (
    <div>
      <table>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">A canary worse by</th>
            <th scope="col">is found after</th>
            <th scope="col">Safe is proven after</th>
          </tr>
        </thead>
        <tbody>
          {of.flatMap((metric) => {
            const { unplanned, finds } = metric;
            if (unplanned !== null || finds.length === 0) {
              const why = unplanned === null ? 'nothing is found in this time' : `not planned: ${unplanned}`;
              return (
                <tr key={metric.metric}>
                  <th scope="row">{metric.metric}</th>
                  <td colSpan={2}>{why}</td>
                  <td>{proof(metric)}</td>
                </tr>
              );
            }
            return finds.map(({ of: margin, times, worse, after, likely }, index) => (
              <tr key={`${metric.metric} ${margin} ${times}`}>
                {index === 0 && (
                  <th scope="row" rowSpan={finds.length}>
                    {metric.metric}
                  </th>
                )}
                <td>
                  {worse} ({times === 1 ? margin : `${times}× ${margin}`})
                </td>
                <td>{after === null ? 'never' : found(after, likely)}</td>
                {index === 0 && <td rowSpan={finds.length}>{proof(metric)}</td>}
              </tr>
            ));
          })}
        </tbody>
      </table>
    </div>
  );
}

function found(after: number, likely: number | null): string {
  return likely === null ? span(after) : `${span(after)} (mostly by ${span(likely)})`;
}

function proof({ proof: of }: PreflightMetric): string {
  if (of === null) return '–';
  const asked = of.asked ? ', asked for' : '';
  return of.after === null ? `never (${of.margin}${asked})` : `${span(of.after)} (${of.margin}${asked})`;
}
