import { lazy, Suspense } from 'react';
import type { Report } from '../../../plans/report.ts';
import { useRefreshed } from './use-refreshed.ts';

/** The charts' library is fetched beside the first words, not before them. */
const MetricCharts = lazy(async () => ({
  default: (await import('../charts/metric-charts.tsx')).MetricCharts,
}));

/** Both cohorts of every metric over the rollout. */
export function ChartsSection({ id, stamp, metric }: { id: string; stamp: string; metric: string | null }) {
  const { value: report } = useRefreshed<Report>(`/rollouts/${encodeURIComponent(id)}/report`, stamp, 5000);
  return (
    <section aria-labelledby="charts" className="charts">
      <h2 id="charts">Over time</h2>
      {report === null ? (
        <p className="quiet">Reading what was recorded …</p>
      ) : (
        <Suspense fallback={<p className="quiet">Drawing …</p>}>
          <MetricCharts report={report} first={report.stop?.metric ?? metric} />
        </Suspense>
      )}
    </section>
  );
}
