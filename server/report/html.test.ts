import { describe, expect, test } from 'vitest';
import { reportOf } from '../../rollout/reporting/report.ts';
import { storyPlan, tellStory } from '../../test/fixtures/story.ts';
import { chartSvg } from './chart.ts';
import { reportHtml } from './html.ts';

const story = () =>
  tellStory({
    chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.1, from: 10, polls: 16 }],
    stop: { transition: 'hard-stop' },
  });

describe('the page of a report', () => {
  test('loads nothing and runs nothing', () => {
    const html = reportHtml(reportOf(story()));
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\bon\w+=/i);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
    expect(html).toContain('content-security-policy');
    expect(html).toContain('prefers-color-scheme: dark');
  });

  test('has the summary, a table for each gate, and a chart of each metric and of the evidence in two sizes', () => {
    const report = reportOf(story());
    const html = reportHtml(report);
    expect(html).toContain('pricing-v2 was rolled back in stage 25%');
    expect(html.match(/<svg /g)).toHaveLength(2 * (report.metrics.length + 1));
    expect(html).toMatch(/Stage 25% <span class="badge hard">hard<\/span>/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('has the rows of a slice below those of the whole, under its name', () => {
    const plan = storyPlan({ coverage: [{ slice: 'tier=<b>' }] });
    const html = reportHtml(reportOf(tellStory({ plan, chapters: [{ stage: '25%', sliceErrors: 0.4 }] })));
    expect(html).toMatch(
      /<tr class="slice"><th[^>]*>tier=&lt;b&gt;<\/th><\/tr>\s*<tr><td class="name">requests/,
    );
    expect(html.match(/<td class="name">errors<\/td>/g)).toHaveLength(2);
  });

  test('shows what people wrote as text', () => {
    const wild = '<script>alert(1)</script> "q" & {{ 7 * 7 }}';
    const base = storyPlan();
    const plan = storyPlan({
      metadata: { name: 'pricing-v2', title: wild },
      metrics: [{ name: '<b>wild</b>', kind: 'ratio', bad: 'bad', total: 'total', soft: '+1pp' }],
      stages: base.stages.map(({ name, percent }) => ({ name: `${name}<i>`, percent })),
    });
    const told = tellStory({
      plan,
      chapters: [{ stage: '1%<i>' }],
      more: [
        {
          t: 60,
          transition: 'paused',
          cause: { kind: 'person', by: wild, roles: [], reason: wild },
          summary: wild,
        },
      ],
    });
    const html = reportHtml(reportOf(told));
    expect(html).not.toMatch(/<script|<b>wild|%<i>/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &quot;q&quot; &amp; {{ 7 * 7 }}');
  });

  test('marks a rollout that still runs as unfinished, and says where nothing was seen', () => {
    const html = reportHtml(reportOf(tellStory({ chapters: [{ stage: '1%', polls: 0 }] })));
    expect(html).toContain('>unfinished<');
    expect(html).toContain('No gate has watched.');
    expect(html).not.toContain('<svg');
  });
});

describe('a chart', () => {
  const chart = {
    label: 'a < b',
    t: [0, 15, 30, 45],
    stages: [
      { t: 0, name: 'first' },
      { t: 30, name: '<5%>' },
    ],
    stop: { t: 45, name: 'stop' },
    fromZero: true,
    amount: (value: number) => `${Number(value.toFixed(3))}`,
    time: (t: number) => `${t} s`,
  };
  const paths = (svg: string, kind: string) =>
    [...svg.matchAll(new RegExp(`<path class="line ${kind}" d="([^"]*)"`, 'g'))].map(([, d]) => d ?? '');

  test('breaks a line where a value is missing, and draws a value alone', () => {
    const svg = chartSvg(
      { ...chart, lines: [{ kind: 'canary', values: [1, null, 2, 3] }] },
      { width: 400, height: 200 },
    );
    const [d = ''] = paths(svg, 'canary');
    expect(d.match(/M/g)).toHaveLength(2);
    expect(d.match(/L/g)).toHaveLength(1);
    expect(svg).toContain('&lt;5%&gt;');
    expect(svg).toContain('aria-label="a &lt; b"');
  });

  test('keeps within its frame, whatever the values are', () => {
    for (const values of [[], [0, 0, 0, 0], [5], [1e-9, 1, 1e9, -4], [null, null, null, null]]) {
      const svg = chartSvg(
        {
          ...chart,
          lines: [
            { kind: 'baseline', values },
            { kind: 'hard', values: [1e12] },
          ],
        },
        { width: 400, height: 200 },
      );
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      for (const [, y] of svg.matchAll(/[ML][\d.]+ (-?[\d.]+)/g)) {
        expect(Number(y)).toBeGreaterThanOrEqual(0);
        expect(Number(y)).toBeLessThanOrEqual(200);
      }
    }
  });
});
