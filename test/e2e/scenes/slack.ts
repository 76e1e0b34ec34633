import { it } from 'vitest';
import type { FlagReply } from '../../../server/api.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import {
  SLACK_CHANNEL,
  SLACK_SIGNING_SECRET,
  SLACK_TOKEN,
  type SlackDouble,
  slackSigned,
} from '../../fixtures/slack-double.ts';
import { planText } from '../../fixtures/stack.ts';

const PATIENT = { timeout: 60_000 };

/** The part of tidegate.yaml that knows the double, as the channel `chat`. */
export function slackSettings(slack: SlackDouble) {
  return {
    channels: {
      terminal: { kind: 'terminal' },
      chat: {
        kind: 'slack',
        url: `${slack.url}/api/`,
        token: SLACK_TOKEN,
        channel: SLACK_CHANNEL,
        interactive: true,
      },
    },
    slack: {
      signingSecret: SLACK_SIGNING_SECRET,
      hooks: slack.url,
      users: {
        U0KIM: { name: 'kim', grants: ['approver:on-call@demo', 'operator@demo'] },
        U0SAM: { name: 'sam', grants: ['approver:on-call@demo', 'submitter@demo'] },
      },
    },
  };
}

export function clicks(flag: Flag, given: Given, chat: () => SlackDouble): void {
  it.sequential('a click in Slack approves and another rolls back, the flag follows, and the same click again changes nothing', async ({
    expect,
  }) => {
    const [tg, slack] = [given(), chat()];
    const served = async () => {
      const reply = await tg.stack.api(`/flags/${flag}?environment=demo`);
      return ((await reply.json()) as FlagReply).exposure.percent;
    };
    const post = (body: string, headers = slackSigned(body)) =>
      fetch(`${tg.stack.urls.server}/api/v1/webhooks/slack`, { method: 'POST', headers, body });
    /** The newest message with such a button. */
    async function button(action: 'approve' | 'rollback') {
      const id = `tidegate_${action}`;
      const newest = () =>
        slack.messages.findLast(({ blocks }) =>
          blocks.some(
            (block) => block.type === 'actions' && block.elements.some((one) => one.action_id === id),
          ),
        );
      await expect.poll(() => newest() !== undefined, PATIENT).toBe(true);
      const message = newest();
      if (message === undefined) throw new Error('no message');
      return { press: (user: string) => slack.press({ user, action: id, message }), message };
    }
    const events = 'started, approval-needed, approved, advanced, rollback-requested, rolled-back';
    const text = planText({
      flag,
      soft: '+30pp',
      hard: '+60pp',
      stages: [
        '{ name: 50%, percent: 50, bake: 4s, minRequests: 50 }',
        '{ name: 100%, percent: 100, bake: 600s }',
      ],
      more: 'approval: { roles: [on-call] }',
    }).replace(/^notify: .*$/m, `notify: [{ channel: chat, events: [${events}] }]`);
    const id = await tg.submit(text);
    const decided = async () =>
      (await tg.journal(id)).flatMap(({ transition, cause }) =>
        cause.kind === 'person' ? [{ transition, by: cause.by, through: cause.through }] : [],
      );
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'));
    const approve = await button('approve');

    // Whoever has handed it in approves nothing, and a signature of somebody else is none.
    expect((await post(approve.press('U0SAM'))).status).toBe(200);
    await expect.poll(() => slack.private.join(' '), PATIENT).toMatch(/sam/);
    const forged = approve.press('U0KIM');
    expect((await post(forged, slackSigned(forged, { secret: 'another-signing-secret' }))).status).toBe(401);
    expect(await served()).toBe(50);

    const body = approve.press('U0KIM');
    const headers = slackSigned(body);
    const answers = await Promise.all([post(body, headers), post(body, headers), post(body, headers)]);
    // One of the three is taken, whichever it is; the others are told that it was.
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ headers: given }) => given.get('idempotency-replayed') === 'true')).toHaveLength(
      2,
    );
    await expect.poll(served, PATIENT).toBe(100);
    await tg.untilExposed(flag, (share) => share === 1);
    await expect.poll(() => JSON.stringify(approve.message.blocks), PATIENT).toContain('kim');
    expect((await post(body, headers)).status).toBe(200);
    // The same press signed anew, as a proxy that repeats it might have it: over is over.
    await post(body, slackSigned(body, { at: Date.now() + 1_000 }));
    const approved = [{ transition: 'approved', by: 'kim', through: 'slack' }];
    expect((await decided()).filter(({ transition }) => transition === 'approved')).toEqual(approved);

    const rollback = await button('rollback');
    const back = rollback.press('U0KIM');
    const signed = slackSigned(back);
    // By somebody whose Slack still shows the buttons.
    const late = rollback.press('U0KIM');
    await Promise.all([post(back, signed), post(back, signed)]);
    await expect.poll(served, PATIENT).toBe(0);
    await tg.untilExposed(flag, (share) => share === 0);
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    const again = await post(back, signed);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    // Somebody who presses once more, a minute later: over is over, and only they are told.
    const told = slack.private.length;
    expect((await post(late)).status).toBe(200);
    await expect.poll(() => slack.private.length, PATIENT).toBeGreaterThan(told);
    expect(await served()).toBe(0);
    const all = await decided();
    expect(all.filter(({ transition }) => transition === 'rollback-requested')).toEqual([
      { transition: 'rollback-requested', by: 'kim', through: 'slack' },
    ]);
    expect(all.filter(({ transition }) => transition === 'approved')).toEqual(approved);
    expect((await tg.journal(id)).filter(({ transition }) => transition === 'rolled-back')).toHaveLength(1);
  }, 240_000);
}
