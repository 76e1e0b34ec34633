import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import { parts } from '../test/fixtures/parts.ts';
import { ownDashboard } from './own-dashboard.ts';
import { rolloutDashboard } from './rollout-dashboard.ts';
import { rolloutRules } from './rollout-rules.ts';

const run = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-rules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const EVERY_KIND = `
metadata: { name: pricing, owner: team }
flag: { key: pricing }
environment: prod
metrics:
  - { name: errors, kind: ratio, bad: 'requests_total{code=~"5.."}', total: requests_total, soft: +0.1pp, hard: 'min(+1pp, +50%)' }
  - { name: orders, kind: ratio, good: orders_total, total: requests_total, hard: -2pp }
  - { name: latency, kind: latency, histogram: seconds, soft: +20%, hard: +50% }
  - { name: basket, kind: mean, sum: basket_sum, count: basket_count, hard: -10% }
  - { name: cpu, kind: gauge, gauge: cpu_share, soft: +0.2 }
stages: [{ name: 5%, percent: 5 }, { name: 50%, percent: 50, metrics: { errors: { hard: +3pp } } }, { name: 100%, percent: 100 }]
`;

function planOf(text: string): Plan {
  const parsed = parsePlan(text, 'plan.yaml');
  if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.findings));
  return parsed.plan;
}

test('the rules of a plan with every kind of metric are what Prometheus takes, and fire for the cohort that is worse', async () => {
  await writeFile(join(folder, 'plan.rules.yaml'), rolloutRules(planOf(EVERY_KIND)));
  await run(parts().promtool, ['check', 'rules', 'plan.rules.yaml'], { cwd: folder });
  const series = (name: string, cohort: string, perMinute: number) =>
    `{ series: '${name.replace('}', `,variant="${cohort}"}`)}', values: '0+${perMinute}x40' }`;
  const errors = [
    series('requests_total{code="200"}', 'off', 980),
    series('requests_total{code="500"}', 'off', 20),
    series('requests_total{code="200"}', 'on', 97),
    series('requests_total{code="500"}', 'on', 4),
  ]
    .map((one) => `      - ${one}\n`)
    .join('');
  await writeFile(
    join(folder, 'rules.test.yaml'),
    `rule_files: [plan.rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
${errors}      - ${series('orders_total{code="200"}', 'off', 100)}
      - ${series('orders_total{code="200"}', 'on', 10)}
    promql_expr_test:
      - expr: 'sum by (cohort) (tidegate:cohort_metric:rate5m{metric="errors"}) > 0.03'
        eval_time: 20m
        exp_samples: [{ labels: '{cohort="canary"}', value: ${4 / 101} }]
      # 3.96 % against 2 %: beyond half of the baseline, the smaller of the two margins.
      - expr: 'count(ALERTS{alertname="TidegateCanaryWorse",alertstate="firing",metric="errors",flag="pricing"})'
        eval_time: 30m
        exp_samples: [{ labels: '{}', value: 1 }]
      # Orders are as many by request in both cohorts.
      - expr: 'count(ALERTS{alertname="TidegateCanaryWorse",metric="orders"})'
        eval_time: 30m
        exp_samples: []
  # The same traffic in a stage whose own margin is +3pp: 3.96 % against 2 % is within it. From minute 21 on the server is away.
  - interval: 1m
    input_series:
${errors}      - series: 'tidegate_rollout_margin{flag="pricing",environment="prod",rollout="pricing-1",metric="errors",margin="hard",direction="increase",unit="absolute",instance="a"}'
        values: '0.03x20 stale'
    promql_expr_test:
      - expr: 'tidegate:cohort_margin:hard{metric="errors"}'
        eval_time: 20m
        exp_samples: [{ labels: 'tidegate:cohort_margin:hard{metric="errors",flag="pricing",environment="prod",direction="increase"}', value: 0.03 }]
      - expr: 'count(ALERTS{alertname="TidegateCanaryWorse"})'
        eval_time: 20m
        exp_samples: []
      # Nobody says which stage runs: the first margin of the plan is better than silence.
      - expr: 'tidegate:cohort_margin:hard{metric="errors"}'
        eval_time: 22m
        exp_samples: [{ labels: 'tidegate:cohort_margin:hard{metric="errors",flag="pricing",environment="prod",direction="increase"}', value: 0.01 }]
      - expr: 'count(ALERTS{alertname="TidegateCanaryWorse",alertstate="firing",metric="errors"})'
        eval_time: 30m
        exp_samples: [{ labels: '{}', value: 1 }]
`,
  );
  await run(parts().promtool, ['test', 'rules', 'rules.test.yaml'], { cwd: folder });
});

test('every query of a dashboard is one that Prometheus can read, and each metric has both cohorts and its margins', async () => {
  const plan = planOf(EVERY_KIND);
  const board = rolloutDashboard(plan) as unknown as {
    uid: string;
    panels: { type: string; title?: string; targets?: { refId: string; expr: string }[] }[];
    annotations: { list: { expr?: string }[] };
  };
  expect(board.uid.length).toBeLessThanOrEqual(40);
  const queries = board.panels.flatMap(({ targets = [] }) => targets);
  const rules = [
    ...queries.map(({ expr }) => expr),
    ...board.annotations.list.map(({ expr }) => expr ?? 'up'),
  ];
  const text = {
    groups: [
      {
        name: 'g',
        rules: rules.map((expr, i) => ({ record: `r${i}`, expr: expr.replaceAll('$__rate_interval', '1m') })),
      },
    ],
  };
  await writeFile(join(folder, 'queries.yaml'), JSON.stringify(text));
  await run(parts().promtool, ['check', 'rules', 'queries.yaml'], { cwd: folder });
  const names = (title: string) =>
    board.panels.find((panel) => panel.title === title)?.targets?.map(({ refId }) => refId);
  expect(names('errors')).toEqual(['baseline', 'canary', 'soft', 'hard']);
  expect(names('cpu')).toEqual(['baseline', 'canary', 'soft']);
});

test('the dashboards are what the types of Grafana say, with nothing that they do not know', () => {
  const path = fileURLToPath(new URL('typed-boards.ts', import.meta.url));
  const text = `import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
    // In JSON a member of an enumeration is its value.
    type Json<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
      : T extends (infer U)[] ? Json<U>[] : T extends (...a: never[]) => unknown ? never
      : T extends object ? { [K in keyof T as T[K] extends (...a: never[]) => unknown ? never : K]: Json<T[K]> } : T;
    export const boards: Json<Dashboard>[] = ${JSON.stringify([rolloutDashboard(planOf(EVERY_KIND)), ownDashboard()])};`;
  const problems = (source: string) => {
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: [],
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    host.getSourceFile = (name, ...rest) =>
      name === path
        ? ts.createSourceFile(name, source, options.target ?? 99, true)
        : getSourceFile(name, ...rest);
    host.fileExists = (name) => name === path || fileExists(name);
    return ts
      .getPreEmitDiagnostics(ts.createProgram([path], options, host))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  };
  expect(problems(text)).toEqual([]);
  // It does look: a word that Grafana does not know, and a value of another type.
  expect(problems(text.replace('"iconColor":"purple"', '"iconColour":"purple"'))).not.toEqual([]);
  expect(problems(text.replace('"useValueForTime":true', '"useValueForTime":"yes"'))).not.toEqual([]);
});

test('the dashboard of Tidegate itself is the one that is kept', async () => {
  const kept = await readFile(new URL('tidegate.dashboard.json', import.meta.url), 'utf8');
  expect(JSON.parse(kept)).toEqual(JSON.parse(JSON.stringify(ownDashboard())));
});
