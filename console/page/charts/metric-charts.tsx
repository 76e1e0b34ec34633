import { useState } from 'react';
import 'uplot/dist/uPlot.min.css';
import '../style/charts.css';
import type { MetricSeries, Report } from '../../../plans/report.ts';
import { latency, plain, points, rate, signed } from '../../../plans/words.ts';
import { Chart, type Drawing } from './chart.tsx';
import { differenceDrawing, evidenceDrawing, valueDrawing } from './drawings.ts';

/**
 * For each metric its values and, as the gate sees it, their difference. The one that matters, `first`, and the evidence
 * of all are open; nobody scrolls past the others at night.
 */
export function MetricCharts({ report, first }: { report: Report; first: string | null }) {
  const start = report.startedAt ?? report.submittedAt;
  const seen = report.metrics.filter(({ points: all }) => all.some(({ baseline }) => baseline !== null));
  if (seen.length === 0) return <p className="quiet">Nothing was recorded yet.</p>;
  const chosen = seen.find(({ metric }) => metric === first) ?? seen[0];
  const others = seen.filter((series) => series !== chosen);
  return (
    <>
      <div className="chart-grid">
        {chosen !== undefined && <MetricFigures series={chosen} start={start} />}
        <Figure
          title="Evidence that it is worse, all metrics"
          drawing={evidenceDrawing(report.evidence, start)}
        >
          The line that it must reach for a stop is dashed. Times are UTC.
        </Figure>
      </div>
      {others.length > 0 && <OtherMetrics all={others} start={start} />}
    </>
  );
}

/** Drawn when they are opened: a chart that is not shown has no width. */
function OtherMetrics({ all, start }: { all: readonly MetricSeries[]; start: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The other metrics: {all.map(({ metric }) => metric).join(', ')}</summary>
      {open && (
        <div className="chart-grid">
          {all.map((series) => (
            <MetricFigures key={series.metric} series={series} start={start} />
          ))}
        </div>
      )}
    </details>
  );
}

function MetricFigures({ series, start }: { series: MetricSeries; start: number }) {
  const { kind, metric, quantile } = series;
  const value = kind === 'ratio' ? rate : kind === 'latency' ? latency : plain;
  const name = quantile === null ? metric : `${metric} p${Number((quantile * 100).toPrecision(6))}`;
  const moved = kind === 'ratio' || kind === 'latency' ? points : signed;
  const difference = differenceDrawing(series, { start, text: moved });
  return (
    <>
      <Figure title={name} drawing={valueDrawing(series, { start, text: value })}>
        {lastWords(series, value)}
      </Figure>
      {difference !== null && (
        <Figure
          title={`${metric}: difference${kind === 'latency' ? ' in the share of slow requests' : ''}`}
          drawing={difference}
        >
          New path less old path over each stage, with where it surely lies.
        </Figure>
      )}
    </>
  );
}

function lastWords({ points: all }: MetricSeries, text: (value: number | null) => string): string {
  const last = all.findLast(({ canary, baseline }) => canary !== null || baseline !== null);
  return last === undefined ? '' : `Last: old path ${text(last.baseline)}, new path ${text(last.canary)}.`;
}

function Figure({ title, drawing, children }: { title: string; drawing: Drawing; children: string }) {
  return (
    <figure>
      <figcaption>
        <strong>{title}</strong>
        <small>{children}</small>
        <span className="legend">
          {drawing.lines.map(({ label, look }) => (
            <small key={label} className={`key ${look}`}>
              {label}
            </small>
          ))}
        </span>
      </figcaption>
      <Chart drawing={drawing} title={title} />
    </figure>
  );
}
