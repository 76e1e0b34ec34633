/** The import directions of the house. What a folder's row does not list, it may not import. */
const FOLDERS = {
  plans: [],
  analysis: ['plans'],
  rollout: ['plans', 'analysis'],
  // Of the activities only the types: see below.
  workflows: ['rollout', 'plans', 'activities'],
  store: ['plans'],
  metrics: ['plans'],
  // Programs that an operator names in tidegate.yaml.
  programs: [],
  checks: ['plans', 'programs'],
  flags: ['plans', 'store', 'programs'],
  notify: ['plans', 'store'],
  // The gate's protocol is decided in rollout/, see docs/decisions/0002-gate-protocol.md.
  activities: ['metrics', 'checks', 'flags', 'notify', 'store', 'plans', 'analysis', 'rollout'],
  server: ['store', 'flags', 'notify', 'plans', 'analysis', 'rollout', 'workflows/messages'],
  // Everything but the command line and the console.
  app: 'plans analysis rollout workflows store metrics programs checks flags notify activities server client dashboards examples'.split(
    ' ',
  ),
  cli: ['app', 'plans', 'analysis', 'rollout', 'flags', 'server/api'],
  console: ['server/api', 'plans'],
  client: [],
  dashboards: ['plans'],
  examples: ['client'],
  lint: [],
};

/** Folders that take only these packages; the others choose theirs freely. */
const PACKAGES = {
  plans: ['zod', 'yaml', '@prometheus-io/lezer-promql', '@lezer/'],
  analysis: ['zod'],
  rollout: ['zod'],
  workflows: ['@temporalio/workflow', '@temporalio/common'],
  client: ['@openfeature/', 'prom-client', '@opentelemetry/api'],
};

/** What decides is the same on every machine and at every hour: it touches neither. */
const PURE = ['plans', 'analysis', 'rollout', 'workflows'];

const house = Object.keys(FOLDERS);
const TESTS = '\\.test\\.ts$';
const from = (folder) => ({ path: `^${folder}/`, pathNot: TESTS });
const prefix = (name) => (name.includes('/') ? `^${name}(\\.ts$|/)` : `^${name}/`);

const directions = Object.entries(FOLDERS).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.length === 0 ? 'itself' : allowed.join('-').replaceAll('/', '.')}`,
  severity: 'error',
  from: from(folder),
  to: {
    path: `^(${[...house, 'test', 'scripts'].join('|')})/`,
    pathNot: [folder, ...allowed].map(prefix),
  },
}));

const packages = Object.entries(PACKAGES).map(([folder, allowed]) => ({
  name: `${folder}-takes-few-packages`,
  severity: 'error',
  // What only tests import may draw at random.
  from: { ...from(folder), pathNot: [TESTS, '\\.fixture\\.ts$'] },
  to: {
    path: 'node_modules/',
    pathNot: allowed.map((name) => `node_modules/${name}${name.endsWith('/') ? '' : '(/|$)'}`),
  },
}));

export default {
  forbidden: [
    ...directions,
    ...packages,
    {
      name: 'workflows-import-activities-as-types',
      comment: 'A workflow runs in a sandbox: of the activities it may know the types alone.',
      severity: 'error',
      from: from('workflows'),
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'console-takes-types-and-words',
      comment:
        'What a browser loads has no schemas in it: types, the words that people read, and the arithmetic of windows.',
      severity: 'error',
      from: from('console'),
      to: {
        path: '^(plans|server)/',
        pathNot:
          '^plans/(words|part-name|holding-words|standing-words|step-words|board-words|comparison-cells|text-difference|windows)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-node-in-what-decides',
      severity: 'error',
      from: { path: `^(${PURE.join('|')})/`, pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-tests-import-tests',
      severity: 'error',
      from: { pathNot: ['^test/', TESTS] },
      to: { path: TESTS },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-import-resolves',
      comment: 'An import that cannot be followed would escape every other rule.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist[^/]*|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
