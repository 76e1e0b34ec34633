/** What people write in fields whose form alone does not say it, by path: shown by editors and in the reference. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  'metadata.title': 'New pricing engine',
  'metadata.owner': 'payments',
  'metadata.ticket': 'PAY-1234',
  'metadata.service': 'shop',
  'metadata.build': 'shop:2.4.1',
  environment: 'staging',
  'safeExposure.variant': 'disabled',
  'exclude.segments': ['beta'],
  'exclude.tenants': ['acme'],
  'flag.provider': 'embedded',
  'flag.baseline': 'off',
  'flag.canary': 'on',
  'flag.variants': { on: true, off: false },
  'flag.stickiness': 'userId',
  'flag.flagSet': 'checkout',
  'source.prometheus': 'default',
  'source.cohorts.baseline': 'deployment="stable"',
  'source.cohorts.canary': 'deployment="canary"',
  'source.users': 'tidegate_users{service="shop",audience="public"}',
  'source.replicas': 'pod',
  'metrics[].weight': 0.5,
  'metrics[].breakdown': ['endpoint', 'region'],
  'metrics[].improve': '-10%',
  'metrics[].bad': 'http_requests_total{service="shop",code=~"5.."}',
  'metrics[].good': 'orders_total{service="shop"}',
  'metrics[].histogram': 'http_request_duration_seconds{service="shop"}',
  'metrics[].quantile': 0.99,
  'metrics[].sum': 'order_value_sum{service="shop"}',
  'metrics[].count': 'order_value_count{service="shop"}',
  'metrics[].gauge': 'process_resident_memory_bytes{service="shop"}',
  'limits[].for': '10m',
  'limits[].name': 'error ceiling',
  'limits[].metric': 'errors',
  'analysis.noise': 0.2,
  'analysis.canaryNoise': 2.5,
  'analysis.restart': '10m',
  'analysis.falseRollback': '0.5%',
  'policy.noData.after': '5m',
  'policy.rollback': 'progressive',
  'policy.every': '15m',
  'policy.pause.deadline': '2h',
  'stages[].name': '5%',
  'stages[].audience.segments': ['employees'],
  'stages[].audience.tenants': ['acme', 'globex'],
  'stages[].waves.of': ['acme', 'globex', 'initech'],
  'stages[].waves.size': 2,
  'stages[].waves.share': ['5%', '25%', '100%'],
  'stages[].waves.from.database': 'crm',
  'stages[].waves.from.query': "select tenant, users from customers where tier = 'enterprise'",
  'stages[].audience.tenantsFrom.database': 'crm',
  'stages[].audience.tenantsFrom.query': 'select tenant from customers where friendly',
  'stages[].waves.order': ['initech'],
  'stages[].maxUsers': 2000,
  'stages[].aa.percent': 5,
  'stages[].dark.percent': 10,
  'stages[].dark.parity': '0.1%',
  'stages[].shadow.parity': '0.1%',
  'metrics[].of': 'shadow',
  'stages[].percent': 5,
  'stages[].bake': '24h',
  'stages[].max': '48h',
  'stages[].lease': '15m',
  'stages[].decommission.cleanFor': '14d',
  'stages[].decommission.steps': [{ name: 'drop tables', kind: 'data', owner: 'platform', due: '30d' }],
  'stages[].decommission.steps[].name': 'drop tables',
  'stages[].decommission.steps[].kind': 'data',
  'stages[].decommission.steps[].owner': 'platform',
  'stages[].decommission.steps[].due': '14d',
  'stages[].decommission.runbook': 'https://wiki.example.com/pricing/roll-back',
  'stages[].decommission.confirm': { roles: ['product-owner'] },
  'stages[].decommission.confirm.roles': ['product-owner'],
  'stages[].minRequests': 2000,
  'stages[].minUsers': 200,
  'stages[].metrics': { errors: { hard: '+1pp' } },
  'stages[].metrics.NAME.improve': '-10%',
  'stages[].coverage[].minUsers': 200,
  'stages[].coverage[].minRequests': 2000,
  'stages[].coverage[].metrics': ['errors'],
  'coverage[].minUsers': 200,
  'coverage[].minRequests': 2000,
  'coverage[].metrics': ['errors'],
  'coverage[].then': 'exclude',
  'stages[].coverage[].then': 'exclude',
  'policy.exclusions': { most: 2, traffic: '10%' },
  'policy.exclusions.most': 2,
  'policy.exclusions.traffic': '10%',
  lease: '15m',
  'windows.allow': ['Mon-Thu 09:00-16:00', 'Fri 09:00-12:00'],
  'windows.freezes[].from': '2026-12-20',
  'windows.freezes[].to': '2027-01-02',
  'approvals.start.roles': ['technical-lead', 'operations-lead'],
  'approvals.start.quorum': 2,
  'approvals.start.sla': '30m',
  'approvals.start.escalate.wait': '30m',
  'approvals.start.escalate.channel': 'pager',
  'notify[].channel': 'releases',
  'notify[].events': ['paused', 'rolled-back', 'no-data'],
  'notify[].every': '15m',
  'notify[].within': '1h',
  'notify[].before': '2h',
  'stages[].checks[].http.headers': { Authorization: 'Bearer ${STATUS_TOKEN}' },
  'stages[].checks[].http.body': '{"dry": true}',
  'stages[].checks[].http.expectBody': 'ready',
  'stages[].checks[].sql.database': 'orders',
  'stages[].checks[].sql.query': 'select count(*) from orders where total is null',
  'stages[].checks[].sql.expect.rows': 1,
  'stages[].checks[].sql.expect.value': 0,
  'stages[].checks[].command': ['smoke'],
  'stages[].windows.freezes[].from': '2026-12-20',
  'stages[].windows.freezes[].to': '2027-01-02',
  'stages[].windows.holidays': 'berlin',
  'stages[].windows.bakeOutsideFreezes': true,
  'windows.holidays': ['2026-12-24'],
  'windows.bakeOutsideFreezes': true,
  requires: [{ rollout: 'checkout-v2', reached: '25%' }],
  'requires[].rollout': 'checkout-v2',
  'requires[].environment': 'staging',
  'requires[].reached': '25%',
  'requires[].reached.stage': 'internal',
  'requires[].then': 'rollback',
  'stages[].requires': [{ rollout: 'checkout-v2', reached: '50%' }],
  'stages[].requires[].rollout': 'checkout-v2',
  'stages[].requires[].environment': 'staging',
  'stages[].requires[].reached': '50%',
  'stages[].requires[].reached.stage': 'internal',
  'stages[].requires[].then': 'rollback',
  'before.alerts': ['ShopErrors'],
  'before.drill.environment': 'staging',
  'before.evidence': ['tests', 'sign-off'],
};

type Node = Record<string, unknown>;

/** Adds the examples to the JSON Schema of plans, where the schema has none of its own or a vaguer one. */
export function addExamples(schema: Node): void {
  for (const [path, example] of Object.entries(EXAMPLES)) {
    const parts = path.split(/\.|(?=\[\])/);
    for (const node of nodesAt([schema], parts)) node['examples'] = [example];
  }
}

/** Every node that a path leads to: a union has one for each of its mappings. */
function nodesAt(from: readonly Node[], parts: readonly string[]): Node[] {
  const [first, ...rest] = parts;
  const open = from.flatMap((node) => [node, ...alternatives(node)]);
  if (first === undefined) return [...from];
  const next = open.flatMap((node) => {
    const found =
      first === '[]' ? node['items'] : first === 'NAME' ? node['additionalProperties'] : childOf(node, first);
    return isNode(found) ? [found] : [];
  });
  return nodesAt(next, rest);
}

function childOf(node: Node, name: string): unknown {
  const properties = node['properties'];
  return isNode(properties) ? properties[name] : undefined;
}

function alternatives(node: Node): Node[] {
  const all = node['anyOf'] ?? node['oneOf'];
  return Array.isArray(all) ? all.filter(isNode) : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
