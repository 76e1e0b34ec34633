import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parsePlan } from '../plans/parse.ts';
import { runbookOf } from '../plans/runbook.ts';
import { leaves } from './examples.ts';
import { createProgram } from './program.ts';

const FOLDER = new URL('../plans/examples/', import.meta.url);
const EXAMPLES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

function bookOf(text: string): string {
  const parsed = parsePlan(text, 'plan.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
  return runbookOf(parsed.plan);
}

const bookOfExample = (name: string) => bookOf(readFileSync(new URL(name, FOLDER), 'utf8'));

/** The commands of a page, as a shell hands over their words. */
function commandsOf(page: string): string[][] {
  const lines = [...page.matchAll(/^tidegate (.*?)\s+# /gm), ...page.matchAll(/`tidegate ([^`]*)`/g)];
  return lines.map(([, typed = '']) =>
    [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
  );
}

test.each(EXAMPLES)('every command in the runbook of %s is one that there is', async (name) => {
  const commands = commandsOf(bookOfExample(name));
  expect(commands.length).toBeGreaterThan(name === 'observe.yaml' ? 5 : 8);
  for (const words of commands) {
    const program = createProgram(() => undefined);
    const ran: string[] = [];
    for (const leaf of leaves(program)) leaf.command.action(() => void ran.push(leaf.name));
    await program.parseAsync(words, { from: 'user' });
    expect({ words, ran: ran.length }).toEqual({ words, ran: 1 });
  }
});

describe('a runbook', () => {
  it('names every condition before a stage, and the times of the plan', () => {
    const page = bookOfExample('blue-green.yaml');
    expect(page).toContain('Before the first stage the check smoke test answers as expected.');
    const text = readFileSync(new URL('pricing-v2.yaml', FOLDER), 'utf8');
    const timed = bookOf(
      text
        .replace(
          'percent: 25,',
          'percent: 25, checks: [{ name: rows, command: [count] }, { name: sums, command: [sum] }], windows: { timezone: Asia/Tokyo, allow: ["02:00-04:00"], holidays: [2026-12-24] },',
        )
        .concat(
          '\nstart: { at: 2026-12-07T09:00+01:00 }\ndeadline: { after: 60d }\nbefore: { metrics: baseline, evidence: [tests, on-call], waive: { roles: [boss] } }\nrequires: [{ rollout: taxes }]\n',
        ),
    );
    for (const line of [
      'its gate has passed, one of on-call has agreed and the checks rows, sums answer as expected |',
      'Before the first stage one of technical-lead, operations-lead, product-owner has agreed and this has been shown: the metrics, tests, on-call (one of boss may waive it).',
      'Of other rollouts: every stage waits until taxes has reached its end, and pauses when that is rolled back later.',
      'It does not begin before Mon 2026-12-07 08:00 UTC.',
      'It is to be over 60d after its first stage began.',
      'Stages open only Mon-Thu 09:00-16:00, and not on 2026-12-20 to 2027-01-02 (Europe/Berlin); stops never wait for that.',
      'In place of that, 25% opens only 02:00-04:00, and not on 2026-12-24 (Asia/Tokyo); stops never wait for that.',
      'the old path has been seen unused, and one of product-owner, technical-lead has confirmed that it may go; it is the last |',
    ])
      expect(timed).toContain(line);
    expect(timed).toContain('| decommission | everyone; the old path is taken down | 7d |');
  });

  it('of a plan that only watches promises nothing that it does not do', () => {
    const page = bookOfExample('observe.yaml');
    expect(page).toContain('of which others tell what it serves');
    expect(page).toContain('this rollout cannot');
    for (const act of ['rollback', 'kill', 'approve', 'resume', 'step-back', 'retry'])
      expect(page).not.toContain(`tidegate ${act}`);
    expect(page).toContain('Nothing of this is done: it is said');
    expect(page).not.toMatch(/has agreed|its gate has passed|When it waits/);
    const served = bookOf(`${readFileSync(new URL('minimal.yaml', FOLDER), 'utf8')}\nmode: observe\n`);
    expect(served).toContain('tidegate kill search-v2');
    expect(served).not.toContain('tidegate rollback');
  });

  it('says who has the new path when, who is asked, what stops it and how to take it back', () => {
    const page = bookOfExample('pricing-v2.yaml');
    expect(page).toContain(
      '| 5% | 5 % + employees | 1d | its gate has passed and one of on-call has agreed |',
    );
    expect(page).toContain(
      'Before the first stage one of technical-lead, operations-lead, product-owner has agreed.',
    );
    expect(page).toContain('beyond +0.5pp it is rolled back at once, beyond +0.1pp it pauses');
    expect(page).toContain('**error ceiling**: errors of the canary above 5 % for 10m: it is rolled back');
    expect(page).toContain('**parity**: its expression above 0: it pauses');
    const tenants = bookOfExample('tenants.yaml');
    expect(tenants).toContain(
      '| friendly | tenant=acme, tenant=globex, tenant=initech, beside those before | 2d |',
    );
    expect(tenants).toContain('In stage shadow more than 0 % of the answers differ: it pauses');
    expect(tenants).toContain(
      'More than 2 slices, or 40 % of the requests of the canary, to be taken off it: the whole is rolled back',
    );
    expect(bookOfExample('cohorts.yaml')).toMatch(
      /In stage \S+ more than \d+ users have the canary: it pauses/,
    );
    expect(tenants).toContain('**slow**: latency of the canary above 800 ms for 5m: it is rolled back');
    expect(page).toContain('tidegate kill pricing-v2 --environment production --direct --reason "..."');
    expect(page).toContain('**pager** hears of paused, rolled-back, no-data');
    expect(page).not.toContain('undefined');
  });

  it('says where a forward-only plan ends, and the way back behind the point of no return', () => {
    const page = bookOf(`metadata: { name: ledger }
flag: { key: ledger, variants: { "off": false, "on": true, "half": "half" } }
reversibility: forward-only
safeExposure: { variant: half }
metrics: [{ name: errors, kind: ratio, bad: bad, total: total, soft: +0.1pp }]
stages:
  - { name: 100%, percent: 100, bake: 1d }
  - { name: the end, decommission: { unused: "old_calls", runbook: "https://wiki.example.com/ledger" } }
`);
    expect(page).toContain('who has the new path gets the variant half in its place');
    expect(page).toContain('no: the new path writes data that the old one cannot read');
    expect(page).toContain('nothing brings the old path back: https://wiki.example.com/ledger');
  });

  it('takes nothing that people wrote for markup', () => {
    const page = bookOf(`metadata: { name: x, title: "a | b\\n# <b>c</b> \`d\`", owner: "[me](http://evil)" }
flag: { key: x }
metrics: [{ name: errors, kind: ratio, bad: bad, total: total, soft: +0.1pp }]
stages: [{ name: "5%", percent: 5 }, { name: "100%", percent: 100 }]
`);
    expect(page.split('\n')[0]).toBe('# Runbook: a \\| b \\# \\<b\\>c\\</b\\> \\`d\\`');
    expect(page).toContain('**Owner**: \\[me\\](http://evil)');
  });
});
