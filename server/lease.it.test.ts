import { expect, test } from 'vitest';
import { planFor, startApiServer } from '../test/fixtures/api-server.ts';

test('a rollout shows until when its exposure holds by itself, and no longer once the flag is free', async () => {
  const server = await startApiServer();
  try {
    const submitted = await server.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'ada', text: planFor('leased') }),
    });
    const { id } = JSON.parse(await submitted.text());
    const target = { environment: 'production', key: 'leased' };
    const to = (percent: number) => ({ percent, segments: [], variant: null });
    const lease = async () => JSON.parse(await (await server.api(`/rollouts/${id}`)).text()).lease;
    expect(await lease()).toBeNull();
    const state = await server.flagStore.claim(
      target,
      { variants: { on: true, off: false }, baseline: 'off', canary: 'on', stickiness: 'targetingKey' },
      id,
    );
    const written = await server.flags.write({
      ...target,
      rolloutId: id,
      epoch: state.kind === 'claimed' ? state.reading.epoch : 0,
      exposure: to(7),
      lease: { seconds: 60, fallback: to(1) },
      direction: 'raise',
      expectedRevision: null,
      author: id,
      reason: 'stage',
    });
    expect(written.kind).toBe('written');
    await expect.poll(lease).toEqual({ until: expect.any(Number), fallback: to(1) });
    expect((await lease()).until - Date.now()).toBeLessThanOrEqual(60_000);
    await server.flags.release(target, id);
    await expect.poll(lease).toBeNull();
  } finally {
    await server.close();
  }
});
