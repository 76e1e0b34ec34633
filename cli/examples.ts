import type { Command } from 'commander';

/** Of each command, by its full name. `--help` shows them, and docs/cli.md has a row for each. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'plan new': ['tidegate plan new --risk high -o pricing-v2.yaml'],
  'plan check': ['tidegate plan check pricing-v2.yaml --traffic 200'],
  'plan diff': ['tidegate plan diff pricing-v2.yaml', 'tidegate plan diff pricing-v2-3 pricing-v2-1 --text'],
  'plan runbook': ['tidegate plan runbook pricing-v2.yaml --out runbook.md'],
  'plan schema': ['tidegate plan schema > plan.schema.json'],
  'dashboards generate': ['tidegate dashboards generate pricing-v2.yaml --out grafana'],
  backtest: [
    'tidegate backtest pricing-v2.yaml --trace r1.jsonl',
    'tidegate backtest pricing-v2.yaml --from-prometheus --start 7d',
  ],
  preflight: ['tidegate preflight pricing-v2.yaml'],
  submit: ['tidegate submit pricing-v2.yaml'],
  list: ['tidegate list --phase active'],
  status: [
    'tidegate status pricing-v2',
    'tidegate status pricing-v2 --history',
    'tidegate status pricing-v2 --plan 1',
    'tidegate status pricing-v2 --trace > r1.jsonl',
  ],
  compare: ['tidegate compare pricing-v2', 'tidegate compare pricing-v2 --stage 5%'],
  report: ['tidegate report pricing-v2 > pricing-v2.md', 'tidegate report pricing-v2 --html report.html'],
  watch: ['tidegate watch pricing-v2', 'tidegate watch'],
  approve: [
    'tidegate approve pricing-v2 --role on-call',
    'tidegate approve pricing-v2 --accept 0.3pp --reason "known"',
    'tidegate approve pricing-v2 --break-glass --reason "outage"',
  ],
  reject: ['tidegate reject pricing-v2 --reason "not today"'],
  'step-back': ['tidegate step-back pricing-v2'],
  pause: ['tidegate pause pricing-v2 --reason "sale"'],
  resume: ['tidegate resume pricing-v2'],
  recheck: ['tidegate recheck pricing-v2'],
  waive: ['tidegate waive pricing-v2 --reason "security mend"'],
  'accept-drift': ['tidegate accept-drift pricing-v2 --reason "sam lowered it"'],
  rollback: ['tidegate rollback pricing-v2 --reason "complaints"'],
  end: ['tidegate end pricing-v2 --reason "seen enough"'],
  told: ['tidegate told pricing-v2 --percent 25 --mover ada'],
  evidence: ['tidegate evidence pricing-v2 tests --url https://ci.example.com/run/7'],
  amend: ['tidegate amend pricing-v2 pricing-v2.yaml'],
  'report-bug': ['tidegate report-bug pricing-v2 --severity critical --title "totals are wrong"'],
  retry: [
    'tidegate retry pricing-v2 --from 5% --reason "totals are rounded once"',
    'tidegate retry pricing-v2 --build shop:2.4.2 --reason "totals are rounded once"',
    'tidegate retry pricing-v2 --propose > adjusted.yaml',
  ],
  abandon: ['tidegate abandon pricing-v2 --lower --reason "we buy one instead"'],
  supersede: ['tidegate supersede pricing-v2 plan-3.yaml --yes --reason "v3"'],
  drill: ['tidegate drill pricing-v2 --within 5m --reason "monthly"'],
  kill: ['tidegate kill pricing-v2 --reason "wrong totals"', 'tidegate kill pricing-v2 --direct'],
  unlock: ['tidegate unlock pricing-v2 --reason "mended"'],
  'flags list': ['tidegate flags list'],
  'flags show': ['tidegate flags show new-search'],
  'flags create': ['tidegate flags create dark-mode --kind boolean --purpose ops --reason "new theme"'],
  'flags edit': ['tidegate flags edit pricing-v2 --mode shadow --reason "compare first"'],
  'flags set': ['tidegate flags set dark-mode --percent 12.5 --reason "look at it"'],
  'flags history': ['tidegate flags history dark-mode'],
  'flags diff': ['tidegate flags diff dark-mode 3 5'],
  'flags undo': ['tidegate flags undo dark-mode --to 3 --reason "wrong rule"'],
  'flags apply': ['tidegate flags apply examples/flags.yaml'],
  'flags lint': ['tidegate flags lint --source src'],
  'flags stale': ['tidegate flags stale'],
  'flags retired': ['tidegate flags retired --json'],
  'flags evaluations': ['tidegate flags evaluations --window 7d'],
  'flags references': ['tidegate flags references new-search src --report'],
  'flags segments list': ['tidegate flags segments list'],
  'flags segments show': ['tidegate flags segments show beta-testers'],
  'flags segments set': ['tidegate flags segments set segments.yaml --reason "new tier"'],
  'flags segments remove': ['tidegate flags segments remove old --reason "unused"'],
  'flags segments join': ['tidegate flags segments join beta-testers user-17'],
  'flags segments leave': ['tidegate flags segments leave beta-testers user-17'],
  'flags segments forget': ['tidegate flags segments forget beta-testers user-17'],
  'flags segments history': ['tidegate flags segments history beta-testers'],
  'flags segments diff': ['tidegate flags segments diff beta-testers 2 3'],
  'flags segments undo': ['tidegate flags segments undo beta-testers --to 2 --reason "too wide"'],
  'flags tokens create': ['tidegate flags tokens create --environment production --name shop-web'],
  'flags tokens list': ['tidegate flags tokens list --environment production'],
  'flags tokens revoke': ['tidegate flags tokens revoke k3jx7q2mna'],
  login: ['tidegate login --server https://tidegate.example.com < token'],
  logout: ['tidegate logout'],
  whoami: ['tidegate whoami'],
  'tokens create': ['tidegate tokens create sam --grant approver:on-call@production --days 90'],
  'tokens list': ['tidegate tokens list'],
  'tokens revoke': ['tidegate tokens revoke 3f9c0a12b4d5'],
  doctor: ['tidegate doctor'],
  console: ['tidegate console'],
  'config schema': ['tidegate config schema > tidegate.schema.json'],
  'notify preview': ['tidegate notify preview --channel mail --event hard-stop --out mail.html'],
  up: ['tidegate up --demo'],
  worker: ['tidegate worker --config tidegate.yaml'],
  server: ['tidegate server --config tidegate.yaml'],
  completion: ['source <(tidegate completion bash)'],
  complete: ['tidegate complete -- approve ""'],
  confirm: ['tidegate confirm pricing-v2 --confirm pricing-v2 --role product-owner'],
  'steps done': ['tidegate steps done pricing-v2 code --reason "merged"'],
  'incident show': ['tidegate incident show pricing-v2'],
  'incident close': ['tidegate incident close pricing-v2 --reason "the old path serves everybody again"'],
  'incident review': ['tidegate incident review pricing-v2'],
  exclude: ['tidegate exclude pricing-v2 --tenant acme --reason "their totals are wrong"'],
  include: ['tidegate include pricing-v2 --tenant acme --reason "mended"'],
};

/** Commands that do something, with their full names: `plan check`, `submit`. */
export function leaves(parent: Command, prefix = ''): { name: string; command: Command }[] {
  return parent.commands.flatMap((command) => {
    const name = `${prefix}${command.name()}`;
    return command.commands.length > 0 ? leaves(command, `${name} `) : [{ name, command }];
  });
}

/** Puts its examples below the help of each command. */
export function addExamples(program: Command): void {
  for (const { name, command } of leaves(program)) {
    const lines = EXAMPLES[name] ?? [];
    const title = lines.length === 1 ? 'Example' : 'Examples';
    command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
}
