import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carriedEvidence } from '../analysis/carried.ts';
import { assess } from '../analysis/gate.ts';
import { errorsPoll, randomOf, reading } from '../analysis/traffic.fixture.ts';
import type { DrillRun } from '../plans/drill.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateMemory } from '../rollout/event.ts';
import { openRollout } from '../rollout/state.ts';
import { TraceRun } from '../rollout/trace-run.ts';
import { assessGate, beginGate, observeWindow } from '../rollout/watching.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { createReplays } from './replays.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

const sam = { by: 'sam', roles: [] };
const POLL = 15;

async function post(path: string, body: object) {
  const response = await server.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...sam, ...body }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function get(path: string) {
  return JSON.parse(await (await server.api(path)).text());
}

async function traceOf(id: string): Promise<string[]> {
  return (await (await server.api(`/rollouts/${id}/trace`)).text()).trim().split('\n');
}

const ofBuild = (flag: string, build: string | null) =>
  build === null ? planFor(flag) : planFor(flag).replace('service: shop', `service: shop, build: "${build}"`);

interface Polls {
  canary: number;
  polls?: number;
  seed: number;
  /** Polls before the first. */
  since?: number;
}

/** The gate of a rollout's first stage over some polls, as a worker would run and record it. */
async function watched(id: string, { canary, polls = 40, seed, since = 0 }: Polls) {
  const begun = server.engine.started.find((one) => one.id === id);
  if (begun === undefined) throw new Error(`${id} was not started`);
  // What the workflow is given goes through JSON, as does what the store keeps.
  const given = JSON.parse(JSON.stringify(begun)) as typeof begun;
  const { plan, memory } = openRollout({ ...given, at: 0 });
  const request = { rolloutId: id, plan, stage: 0, origin: 0, stageSince: 0, memory, acceptances: {} };
  const random = randomOf(seed);
  let gate: GateMemory = beginGate(request as unknown as GateRequest);
  for (let i = since + 1; i <= since + polls; i++) {
    const at = { stage: '5%', t: i * POLL, requests: 3000, share: 0.05 };
    const sample = errorsPoll(random, { ...at, baseline: 0.005, canary });
    gate = observeWindow(gate, request as unknown as GateRequest, { reading: reading(sample), to: i * POLL });
    const assessment = assessGate(gate, request as unknown as GateRequest);
    const row = { rolloutId: id, stage: '5%', t: at.t, at: at.t * 1000, sample, assessment };
    await server.rollouts.saveSamples([row]);
  }
  return { evidence: gate.evidence, assessment: assessGate(gate, request as unknown as GateRequest), plan };
}

async function rollBack(id: string, flag: string): Promise<void> {
  const { view } = await get(`/rollouts/${id}`);
  await server.engine.step({ ...view, stage: '5%' });
  await post(`/rollouts/${id}/actions/rollback`, { reason: 'complaints' });
  await server.flags.release({ environment: 'production', key: flag }, id);
}

interface Seen {
  build?: string | null;
  change?: (text: string) => string;
  canary: number;
  seed?: number;
}

/** Submitted, watched for ten minutes and rolled back. */
async function seen(flag: string, { build = 'shop:1', canary, seed = 1, change = (text) => text }: Seen) {
  await post('/rollouts', { text: change(ofBuild(flag, build)) });
  const left = await watched(`${flag}-1`, { canary, seed });
  await rollBack(`${flag}-1`, flag);
  return left;
}

describe('a retry of the same build', () => {
  test('goes on with the evidence against it, and its tables say what its gate has said', async () => {
    const left = await seen('same', { canary: 0.009 });
    expect(left.assessment.verdict).toBe('hold');
    expect(left.assessment.lnE).toBeGreaterThan(0.5);
    const { status, body } = await post('/rollouts/same-1/retry', { reason: 'a mended cache' });
    expect(status).toBe(201);
    expect(body.evidence).toMatch(
      /^It goes on with the evidence against build shop:1 of same-1: errors [\d.]+ : 1 \(\d+ % of what a stop needs\)\.$/,
    );
    const carried = carriedEvidence(left.evidence, left.plan);
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'same-2', carried });
    expect(await server.rollouts.carried('same-2')).toEqual(JSON.parse(JSON.stringify(carried)));
    expect((await get('/rollouts/same-2')).view.origin).toMatchObject({
      carried: { of: 'same-1', build: 'shop:1', against: [{ name: 'errors', lnE: left.assessment.lnE }] },
    });
    const ahead = await get('/rollouts/same-2/comparison');
    expect(ahead.comparison).toMatchObject({ state: 'ahead', lnE: left.assessment.lnE });
    const live = await watched('same-2', { canary: 0.009, seed: 2, polls: 20 });
    const { comparison } = await get('/rollouts/same-2/comparison');
    expect(comparison).toMatchObject({ lnE: live.assessment.lnE, verdict: live.assessment.verdict });
    const replays = createReplays(server);
    const row = await server.rollouts.get('same-2');
    if (row === null) throw new Error('same-2 is not stored');
    const replayed = await replays.of(row, ({ replay }) => replay.visits.at(-1));
    expect(replayed?.evidence).toEqual(live.evidence);
    expect(replayed && assess(replayed.evidence, replayed.plan, replayed.context)).toEqual(live.assessment);
    // The gate of the first was just reading a window when it was rolled back: it came too late to be gone on with.
    await watched('same-1', { canary: 0.5, seed: 3, polls: 1, since: 40 });
    const trace = await traceOf('same-2');
    const run = new TraceRun(live.plan);
    trace.forEach((line, i) => run.add(line, i + 1));
    const { faults, outcomes } = run.finish();
    expect([trace.length, faults.wrong]).toEqual([60, 0]);
    expect(outcomes.map(({ outcome }) => outcome.rollout)).toEqual(['same-1', 'same-2']);
    expect(outcomes[1]?.outcome.lnE).toBeCloseTo(live.assessment.lnE, 9);
    const anew = await watched('same-1', { canary: 0.009, seed: 2, polls: 20 });
    expect(live.assessment.lnE).toBeGreaterThan(anew.assessment.lnE);
    const report = await get('/rollouts/same-2/report?format=json');
    expect(report.gates.at(-1).lnE).toBe(live.assessment.lnE);
  });

  test('goes on with that of the latest rollout of the build, also where others or none that began came between', async () => {
    const left = await seen('chain', { canary: 0.009, seed: 3 });
    expect(
      (await post('/rollouts/chain-1/retry', { reason: 'another', build: 'shop:2' })).body.evidence,
    ).toBe('Its evidence begins anew: it is of build shop:2, chain-1 was of shop:1.');
    expect(server.engine.started.at(-1)).not.toHaveProperty('carried');
    await rollBack('chain-2', 'chain');
    const back = await post('/rollouts/chain-2/retry', { reason: 'the old one', build: 'shop:1' });
    expect(back.body.evidence).toContain('against build shop:1 of chain-1');
    const carried = carriedEvidence(left.evidence, left.plan);
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'chain-3', carried });
    // Never polled: what it had is what the next one has.
    await rollBack('chain-3', 'chain');
    await post('/rollouts/chain-3/retry', { reason: 'once more' });
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'chain-4', carried });
    await watched('chain-3', { canary: 0.5, seed: 4, polls: 1 });
    const rollouts = (await traceOf('chain-4')).map((line) => JSON.parse(line).rollout);
    expect(rollouts).toEqual(Array(40).fill('chain-1'));
  });

  test('keeps the build in its plan, also where it was named with the retry alone', async () => {
    await seen('named', { build: null, canary: 0.005 });
    const first = await post('/rollouts/named-1/retry', { reason: 'mended', build: 'shop:7' });
    expect(first.body).toMatchObject({
      changes: ['metadata.build: not set → "shop:7"'],
      evidence: 'Its evidence begins anew: it names build shop:7, named-1 named none.',
    });
    const [revision] = await server.rollouts.planRevisions('named-2');
    expect(revision?.text).toContain('build: shop:7');
    await watched('named-2', { canary: 0.008, seed: 5 });
    await rollBack('named-2', 'named');
    const { body } = await post('/rollouts/named-2/retry', { reason: 'mended' });
    expect(body.changes).toEqual([]);
    expect(body.evidence).toContain('against build shop:7 of named-2');
    expect(server.engine.started.at(-1)?.plan.metadata.build).toBe('shop:7');
    await rollBack('named-3', 'named');
    const unnamed = await post('/rollouts/named-3/retry', { reason: 'mended', text: planFor('named') });
    expect(unnamed.body.evidence).toBe(
      'Its evidence begins anew: it names no build, and named-3 was of shop:7.',
    );
  });

  test('of which nothing was seen begins anew, and says so', async () => {
    await post('/rollouts', { text: ofBuild('unseen', 'shop:1') });
    await rollBack('unseen-1', 'unseen');
    const { body } = await post('/rollouts/unseen-1/retry', { reason: 'for real' });
    expect(body.evidence).toBe('Its evidence begins anew: nothing was seen of build shop:1 yet.');
    expect(server.engine.started.at(-1)).not.toHaveProperty('carried');
  });

  test('without a build begins anew, and says so', async () => {
    await seen('plain', { build: null, canary: 0.009 });
    const { body } = await post('/rollouts/plain-1/retry', { reason: 'mended' });
    expect(body.evidence).toBe('Its evidence begins anew: no build is named.');
    expect((await get('/rollouts/plain-2')).view.origin).not.toHaveProperty('anew');
    expect(server.engine.started.at(-1)).not.toHaveProperty('carried');
  });

  test('does not take a looser plan over what was seen, where nobody approves it', async () => {
    await seen('loose', { canary: 0.009 });
    const text = ofBuild('loose', 'shop:1').replace('soft: +0.1pp, hard: +0.5pp', 'soft: +2pp, hard: +4pp');
    const refused = await post('/rollouts/loose-1/retry', { reason: 'mended', text });
    expect(refused).toMatchObject({ status: 409, body: { code: 'RETRY_REFUSED' } });
    expect(refused.body.detail).toContain('metrics[errors].soft.absolute');
    const approved = `${text}approvals: { start: { roles: [lead] } }\n`;
    const { body } = await post('/rollouts/loose-1/retry', { reason: 'mended', text: approved });
    expect(body.evidence).toContain('against build shop:1 of loose-1');
  });
});

describe('a plan of the same build that is submitted again', () => {
  test('is a retry of it from its first stage, says so, and goes on with the evidence and without whom it had lost', async () => {
    const left = await seen('again', { canary: 0.009 });
    const { status, body } = await post('/rollouts', { text: ofBuild('again', 'shop:1') });
    expect([status, body.id]).toEqual([201, 'again-2']);
    expect(body.notes[0]).toMatch(
      /^It retries again-1, which was of the same build \(what stopped it: it was rolled back\)\. It goes on with the evidence against build shop:1 of again-1: errors [\d.]+ : 1 \(\d+ % of what a stop needs\)\.$/,
    );
    const carried = carriedEvidence(left.evidence, left.plan);
    expect(server.engine.started.at(-1)).toMatchObject({
      id: 'again-2',
      carried,
      origin: { kind: 'retry', of: 'again-1', stage: '5%', reason: 'the same build was submitted again' },
    });
    const { view } = await get('/rollouts/again-2');
    expect(view.origin.carried.against).toEqual([{ name: 'errors', lnE: left.assessment.lnE }]);
    // Of the last rollout of the build, and not of the flag.
    await rollBack('again-2', 'again');
    const other = await post('/rollouts', { text: ofBuild('again', 'shop:2') });
    expect(other.status).toBe(201);
    expect(server.engine.started.at(-1)).not.toHaveProperty('origin');
    await rollBack('again-3', 'again');
    const { view: last } = await get('/rollouts/again-2');
    const acme = { name: 'tenant=acme', by: 'kim', reason: 'they complain', at: 1, revision: 2 };
    await server.engine.step({ ...last, excluded: [acme] });
    const third = await post('/rollouts', { text: ofBuild('again', 'shop:1') });
    expect(third.body.notes.join(' ')).toMatch(
      /^It retries again-2.* shop:1 of again-2: .* tenant=acme begins off the canary, as kim had it in again-2: they complain/,
    );
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'again-4', carried });
  });

  test('is refused while the evidence stands, or where it loosens what nobody approves; another build is not', async () => {
    await seen('anew', { canary: 0.03 });
    const refused = await post('/rollouts', { text: ofBuild('anew', 'shop:1') });
    expect(refused).toMatchObject({ status: 409, body: { code: 'RETRY_SAME_BUILD' } });
    expect(refused.body.detail).toContain('would stop it again at once, as a hard stop');
    const text = ofBuild('anew', 'shop:1').replace('soft: +0.1pp, hard: +0.5pp', 'soft: +2pp, hard: +4pp');
    const loose = await post('/rollouts', { text });
    expect(loose).toMatchObject({ status: 409, body: { code: 'RETRY_REFUSED' } });
    expect(server.engine.started.at(-1)?.id).toBe('anew-1');
    expect((await post('/rollouts', { text: ofBuild('anew', null) })).status).toBe(201);
    expect(server.engine.started.at(-1)).not.toHaveProperty('carried');
  });

  test('begins anew where the build had reached the end, only watched, or tells its cohorts apart in another way', async () => {
    await seen('done', { canary: 0.005 });
    const row = await get('/rollouts/done-1');
    await server.engine.step({ ...row.view, phase: 'completed' });
    expect((await post('/rollouts', { text: ofBuild('done', 'shop:1') })).status).toBe(201);
    expect(server.engine.started.at(-1)).not.toHaveProperty('origin');
    await seen('cohorts', { canary: 0.009 });
    const text = ofBuild('cohorts', 'shop:1');
    const other = text.replace('key: cohorts', 'key: cohorts, stickiness: flag.tenant');
    expect(other).not.toBe(text);
    expect((await post('/rollouts', { text: other })).status).toBe(201);
    expect(server.engine.started.at(-1)).not.toHaveProperty('origin');
    await rollBack('cohorts-2', 'cohorts');
    expect((await post('/rollouts', { text: `mode: observe${text}` })).status).toBe(201);
    expect(server.engine.started.at(-1)).not.toHaveProperty('origin');
  });
});

describe('a newer plan of the same build', () => {
  /** The flag is back as soon as the rollout is told. */
  async function superseded(flag: string, body: object) {
    const act = server.engine.act.bind(server.engine);
    server.engine.act = async (id, action, request) => {
      const answer = await act(id, action, request);
      await server.flags.release({ environment: 'production', key: flag }, id);
      return answer;
    };
    try {
      return await post(`/rollouts/${flag}-1/supersede`, { reason: 'v2', ...body });
    } finally {
      server.engine.act = act;
    }
  }

  async function running(flag: string, canary: number) {
    await post('/rollouts', { text: ofBuild(flag, 'shop:1') });
    const left = await watched(`${flag}-1`, { canary, seed: 1 });
    const { view } = await get(`/rollouts/${flag}-1`);
    await server.engine.step({ ...view, stage: '5%' });
    return left;
  }

  test('takes the place of a rollout with the evidence that it has gathered, and says so before', async () => {
    const left = await running('place', 0.009);
    const text = ofBuild('place', 'shop:1').replace('percent: 5,', 'percent: 2,');
    const told = await superseded('place', { text });
    expect(told.body.sees.at(-1)).toMatch(
      /^It goes on with the evidence against build shop:1 of place-1: errors [\d.]+ : 1 \(\d+ % of what a stop needs\)\.$/,
    );
    expect((await superseded('place', { text, confirm: true })).body.id).toBe('place-2');
    const carried = carriedEvidence(left.evidence, left.plan);
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'place-2', carried });
    const { view } = await get('/rollouts/place-2');
    expect(view.origin).toMatchObject({ kind: 'supersede', carried: { of: 'place-1', build: 'shop:1' } });
    const trace = (await (await server.api('/rollouts/place-2/trace')).text()).trim().split('\n');
    expect(trace).toHaveLength(40);
    // Of that one its own successor has it, too.
    await rollBack('place-2', 'place');
    await post('/rollouts', { text });
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'place-3', carried });
  });

  test('is refused where that would stop it at once, before anything moves; another build begins anew', async () => {
    await running('stands', 0.03);
    const refused = await superseded('stands', { text: ofBuild('stands', 'shop:1'), confirm: true });
    expect(refused).toMatchObject({ status: 409, body: { code: 'RETRY_SAME_BUILD' } });
    expect((await get('/rollouts/stands-1')).view.phase).toBe('active');
    const other = await superseded('stands', { text: ofBuild('stands', 'shop:2'), confirm: true });
    expect(other.body.sees.at(-1)).toBe(
      'Its evidence begins anew: it is of build shop:2, stands-1 was of shop:1.',
    );
    expect(server.engine.started.at(-1)?.id).toBe('stands-2');
    expect(server.engine.started.at(-1)).not.toHaveProperty('carried');
  });
});

describe('a retry of a build that was stopped by evidence', () => {
  test('is refused while that stands, and another build begins anew', async () => {
    const left = await seen('stopped', { canary: 0.03 });
    expect(left.assessment.verdict).toBe('hard');
    const refused = await post('/rollouts/stopped-1/retry', { reason: 'mended' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'RETRY_SAME_BUILD' } });
    expect(refused.body.detail).toContain(
      'build shop:1 in stopped-1 would stop it again at once, as a hard stop',
    );
    const kim = { by: 'kim', roles: ['on-call'], reason: 'known', accept: 'shown' };
    const hard = await post('/rollouts/stopped-1/retry', kim);
    expect(hard).toMatchObject({ status: 409, body: { code: 'RETRY_SAME_BUILD' } });
    expect(server.engine.started.at(-1)?.id).toBe('stopped-1');
    const other = await post('/rollouts/stopped-1/retry', { reason: 'mended', build: 'shop:2' });
    expect(other.status).toBe(201);
  });

  test('goes on once somebody else has accepted what a soft stop was about', async () => {
    const wide = (text: string) => text.replace('hard: +0.5pp', 'hard: +5pp');
    const left = await seen('soft', { canary: 0.02, seed: 6, change: wide });
    expect(left.assessment.verdict).toBe('soft');
    const refused = await post('/rollouts/soft-1/retry', { reason: 'known' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'RETRY_SAME_BUILD' } });
    expect(refused.body.detail).toContain('as a soft stop');
    const own = await post('/rollouts/soft-1/retry', { reason: 'known', accept: 'shown' });
    expect(own.body).toMatchObject({ code: 'OWN_ROLLOUT' });
    const kim = { by: 'kim', roles: ['on-call'], reason: 'known' };
    const done = await post('/rollouts/soft-1/retry', { ...kim, accept: 0.03 });
    expect(done.body.evidence).toBe(
      'It goes on with the evidence against build shop:1 of soft-1: errors 1 : 1 (0 % of what a stop needs). Accepted of it, and still so: errors up to 0.0300 (kim).',
    );
    const live = await watched('soft-2', { canary: 0.02, seed: 7 });
    expect(live.assessment.verdict).toBe('hold');
    expect(live.assessment.metrics[0]?.soft).toBe(0.03);
    const { comparison } = await get('/rollouts/soft-2/comparison');
    expect(comparison.lnE).toBe(live.assessment.lnE);
    // What was accepted of a build stays accepted, and is said again with who it was.
    await rollBack('soft-2', 'soft');
    const again = await post('/rollouts/soft-2/retry', { reason: 'once more' });
    expect(again.body.evidence).toContain('Accepted of it, and still so: errors up to 0.0300 (kim).');
  });

  test('takes no acceptance where nothing stands, nor from whoever may not approve', async () => {
    await seen('calm', { canary: 0.005 });
    const kim = { by: 'kim', roles: ['on-call'], reason: 'known', accept: 'shown' };
    expect((await post('/rollouts/calm-1/retry', kim)).body).toMatchObject({ code: 'NOT_WAITING' });
    const other = await post('/rollouts/calm-1/retry', { ...kim, build: 'shop:2' });
    expect(other.body).toMatchObject({ code: 'RETRY_REFUSED' });
    const grants = ['submitter', 'viewer'];
    const { token } = (await post('/tokens', { name: 'lee', grants, by: undefined, roles: undefined })).body;
    const response = await fetch(`${server.url}/api/v1/rollouts/calm-1/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'known', accept: 'shown' }),
    });
    expect(response.status).toBe(403);
  });

  test('may be taken up again after a drill: its failures say nothing of the build', async () => {
    const text = ofBuild('drilled', 'shop:1');
    await post('/rollouts', { text });
    const left = await watched('drilled-1', { canary: 0.005, seed: 8 });
    const { view } = await get('/rollouts/drilled-1');
    const journal = await server.rollouts.journal('drilled-1');
    const started = journal.find(({ transition }) => transition === 'started')?.at ?? 0;
    const at = (polls: number) => started + polls * POLL * 1000;
    const drill: DrillRun = {
      id: 'drill-1',
      by: 'kim',
      reason: null,
      breakage: { errorRate: 0.5, latencyMs: 0, percent: 100 },
      stage: '5%',
      touches: 5,
      within: 150,
      startedAt: at(40),
      detectedAt: at(41),
      rolledBackAt: at(42),
      verifiedAt: null,
      verifiedBy: null,
      endedAt: at(50),
      passed: null,
      outcome: 'running',
    };
    await server.engine.step(view, { transition: 'drill', drill });
    await watched('drilled-1', { canary: 0.5, seed: 9, polls: 10, since: 40 });
    await rollBack('drilled-1', 'drilled');
    const { status } = await post('/rollouts/drilled-1/retry', { reason: 'for real' });
    expect(status).toBe(201);
    const carried = carriedEvidence(left.evidence, left.plan);
    expect(server.engine.started.at(-1)).toMatchObject({ id: 'drilled-2', carried });
  });
});
