import { it, vi } from 'vitest';
import type { Flag, Given } from '../../fixtures/lane.ts';
import type { ReceivedSpan } from '../../fixtures/otlp-receiver.ts';
import { failing, planText } from '../../fixtures/stack.ts';

/** Who led to what, by OTLP. The last of a lane: a kill latches its flag. */
export function traces(flag: Flag, given: Given, spans: () => readonly ReceivedSpan[]): void {
  const spanWhere = (wanted: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> =>
    vi.waitFor(
      () => {
        const span = spans().find(wanted);
        if (span === undefined) throw new Error('no such span has come');
        return span;
      },
      { timeout: 30_000, interval: 50 },
    );
  const parentOf = (span: ReceivedSpan) => spanWhere(({ spanId }) => spanId === span.parentSpanId);
  const write = (id: string, stage: string, direction: string) =>
    spanWhere(
      ({ name, attributes }) =>
        name === 'flag.write' &&
        attributes['tidegate.rollout.id'] === id &&
        attributes['tidegate.stage'] === stage &&
        attributes['tidegate.flag.direction'] === direction,
    );

  it.sequential('traces lead from an approval over HTTP to the flag write, and to a hard stop in a trace of its own', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(
      planText({
        flag,
        stages: [
          '{ name: internal, audience: { segments: [employees] }, bake: 1s, approval: { roles: [on-call] } }',
          '{ name: 50%, percent: 50, bake: 10m }',
        ],
      }),
    );
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'), 90_000);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await tg.stack.api(`/rollouts/${id}/actions/approve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      body: JSON.stringify({ by: 'kim', roles: ['on-call'] }),
    });
    expect(answer.status).toBe(200);
    await tg.until(id, ({ stage }) => stage === '50%');

    const raised = await write(id, '50%', 'raise');
    expect(raised).toMatchObject({
      traceId,
      service: 'tidegate-worker',
      failed: false,
      attributes: {
        'tidegate.rollout.id': id,
        'tidegate.environment': 'demo',
        'feature_flag.key': flag,
        'tidegate.flag.result': 'written',
        'tidegate.exposure.percent': 50,
      },
    });
    const { 'tidegate.flag.revision.before': before, 'tidegate.flag.revision.after': after } =
      raised.attributes;
    expect(after).toBe(Number(before) + 1);
    const activity = await parentOf(raised);
    const update = await parentOf(activity);
    const request = await parentOf(update);
    expect([activity, update, request].map(({ service, name }) => `${service} ${name}`)).toEqual([
      'tidegate-worker RunActivity:writeFlag',
      'tidegate-server StartWorkflowUpdate:act',
      'tidegate-server POST /api/v1/rollouts/:id/actions/:action',
    ]);
    expect(request).toMatchObject({
      parentSpanId: 'b7ad6b7169203331',
      attributes: { 'tidegate.action': 'approve', 'http.response.status_code': 200 },
    });

    // The submission has a trace of its own, with the claim, and the first raise came by itself or with it.
    const of = (span: ReceivedSpan) => span.attributes['tidegate.rollout.id'] === id;
    const claim = await spanWhere((span) => span.name === 'flag.claim' && of(span));
    await spanWhere(
      ({ name, attributes, traceId }) =>
        name === 'POST /api/v1/rollouts' &&
        attributes['http.response.status_code'] === 201 &&
        traceId === claim.traceId,
    );

    await tg.shop.fault(failing(flag, 0.4));
    await tg.until(id, ({ phase }) => phase === 'rolled-back', 90_000);
    const stop = await spanWhere((span) => span.name === 'hard stop' && of(span));
    const lowered = await write(id, '50%', 'lower');
    expect(stop).toMatchObject({ parentSpanId: '', attributes: { 'tidegate.rollout.id': id } });
    expect(stop.traceId).not.toBe(traceId);
    expect(stop.links).toEqual([traceId]);
    expect(lowered.traceId).toBe(stop.traceId);
    // Reads are too many for spans.
    expect(spans().filter(({ name }) => name.startsWith('GET'))).toEqual([]);
  });

  it.sequential('traces lead from a kill to its flag write in the server', async ({ expect }) => {
    const { status } = await given().stack.api(`/flags/${flag}/kill?environment=demo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'kim', reason: 'test' }),
    });
    expect(status).toBe(200);
    const killed = await spanWhere(
      ({ name, attributes }) => name === 'flag.kill' && attributes['feature_flag.key'] === flag,
    );
    expect(killed.attributes).toMatchObject({ 'feature_flag.key': flag, 'tidegate.flag.direction': 'lower' });
    expect(await parentOf(killed)).toMatchObject({
      name: 'POST /api/v1/flags/:key/kill',
      service: 'tidegate-server',
    });
  });
}
