import { findAlertmanager } from './alertmanager.mjs';
import { ensureBuild } from './build.mjs';
import { prepareChromium } from './chromium.mjs';
import { prepareEvaluators } from './evaluators.mjs';
import { ensurePackages } from './packages.mjs';
import { findPrometheus } from './prometheus.mjs';
import { Missing, say, toStderr } from './say.mjs';
import { prepareShells } from './shells.mjs';
import { findTemporal } from './temporal.mjs';
import { findUnleash } from './unleash.mjs';

/** @param {{ purpose: string, json: boolean }} options */
export async function run({ purpose, json }) {
  if (json) toStderr();
  const began = performance.now();
  const inClone = purpose === 'start' || purpose === 'test';
  const own = purpose !== 'alertmanager' && purpose !== 'unleash';
  // The slow ones wait on the network or on one compiler each, so they go side by side.
  const answers = await Promise.allSettled([
    own ? findTemporal() : undefined,
    own ? findPrometheus() : undefined,
    // Only tests run one: `preflight --fire-test` tries the one that there is.
    purpose === 'test' || purpose === 'alertmanager' ? findAlertmanager() : undefined,
    purpose === 'test' || purpose === 'unleash' ? findUnleash() : undefined,
    inClone ? ensurePackages() : undefined,
    purpose === 'test' ? prepareEvaluators() : undefined,
    // One after the other: apt-get has one lock.
    purpose === 'test' ? prepareChromium().then(prepareShells) : undefined,
  ]);
  const troubles = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  if (troubles.length > 0) fail(troubles);
  const [temporal, prometheus, alertmanager, unleash] = answers.map((answer) =>
    answer.status === 'fulfilled' ? answer.value : undefined,
  );
  try {
    if (inClone) await ensureBuild();
  } catch (error) {
    fail([error]);
  }
  if (json) console.log(JSON.stringify({ ...temporal, ...prometheus, ...alertmanager, ...unleash }));
  const seconds = (performance.now() - began) / 1000;
  if (seconds > 3) say(`ready after ${Math.round(seconds)} s`);
}

/** @param {unknown[]} troubles */
function fail(troubles) {
  for (const trouble of troubles) {
    if (!(trouble instanceof Missing)) throw trouble;
    console.error(`\n${trouble.code}: ${trouble.message}`);
    for (const line of trouble.advice) console.error(`  ${line}`);
  }
  process.exit(
    troubles.some((trouble) => trouble instanceof Missing && trouble.code === 'PART_MISSING') ? 3 : 1,
  );
}
