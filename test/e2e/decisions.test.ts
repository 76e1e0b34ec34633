import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { lane } from '../fixtures/lane.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../fixtures/otlp-receiver.ts';
import { type SlackDouble, startSlack } from '../fixtures/slack-double.ts';
import { startTestStack, type TestStack } from '../fixtures/stack.ts';
import { behindAnother } from './scenes/behind-another.ts';
import { decided } from './scenes/decided.ts';
import { detectedDrill, unseenDrill } from './scenes/drills.ts';
import { onPhone } from './scenes/phone.ts';
import { proof } from './scenes/proof.ts';
import { retries } from './scenes/retries.ts';
import { clicks, slackSettings } from './scenes/slack.ts';
import { customerTakenOff, segmentTakenOff } from './scenes/taken-off.ts';
import { traces } from './scenes/traces.ts';
import { whole } from './scenes/whole.ts';

let slack: SlackDouble;
let receiver: OtlpReceiver;
let tg: TestStack;
const given = () => tg;

beforeAll(async () => {
  [slack, receiver] = await Promise.all([startSlack(), startOtlpReceiver()]);
  const traced = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    // A batch goes out after this long, in ms.
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  Object.assign(process.env, traced);
  tg = await startTestStack(0, {
    ...slackSettings(slack),
    // Half of the users, by the last digit of their key.
    segments: {
      even: { attribute: 'targetingKey', operator: 'ends_with', values: ['0', '2', '4', '6', '8'] },
    },
  });
  // The worker and the server have it; commands of people have none.
  for (const name of Object.keys(traced)) delete process.env[name];
}, 120_000);
afterAll(async () => {
  await tg?.stop();
  await Promise.all([slack?.close(), receiver?.close()]);
});

describe('two rollouts, one of which requires the other', () => {
  beforeEach(async () => {
    for (const flag of ['pricing-v2', 'checkout-v2']) await tg.free(flag);
  }, 120_000);
  behindAnother(given);
});

describe.concurrent('rollouts on real parts', () => {
  lane('pricing-v2', given, () => {
    decided('pricing-v2', given);
    retries('pricing-v2', given);
    onPhone('pricing-v2', given);
    clicks('pricing-v2', given, () => slack);
    segmentTakenOff('pricing-v2', given);
    traces('pricing-v2', given, () => receiver.spans);
  });
  lane('checkout-v2', given, () => {
    customerTakenOff('checkout-v2', given);
    detectedDrill('checkout-v2', given);
    unseenDrill('checkout-v2', given);
    proof('checkout-v2', given);
    whole('checkout-v2', given);
  });
});
