import { FAILURES, Failure, isFailure } from '../../plans/failures.ts';
import { placeOf } from '../auth/places.ts';
import { actorOf, demand, type Principal } from '../auth/principal.ts';
import { NEEDED } from '../decisions.ts';
import type { ServerDeps } from '../deps.ts';
import { rolloutRow } from '../live.ts';
import { type Click, decided, privately } from './slack-click.ts';

const ANSWER_MS = 5_000;
const LATEST = 2;

/**
 * Carries out what a button asks for, with the rights of the person who pressed it, and tells the outcome in Slack. Never fails.
 * Of one `requestId` it is carried out once.
 */
export async function decideByClick(deps: ServerDeps, click: Click, requestId: string): Promise<void> {
  const log = deps.logger.child({ part: 'slack' });
  const { rollout, action, user } = click;
  let answer: object;
  try {
    const { by, summary } = await carryOut(deps, click, requestId);
    log.info({ rollout, action, by }, 'decided by a button in Slack');
    answer = decided(click, `${by}: ${summary}`);
  } catch (error) {
    const fields = { rollout, action, user, err: error };
    if (isFailure(error)) log.info(fields, 'a button in Slack was refused');
    else log.error(fields, 'a button in Slack failed');
    answer = privately(await refusalText(deps, click, error));
  }
  await post(deps, click, answer).catch((error: unknown) =>
    log.warn({ rollout, action, err: error }, 'the answer to a button could not be shown in Slack'),
  );
}

async function carryOut(deps: ServerDeps, { user, rollout, action, seen }: Click, requestId: string) {
  const { users = {} } = deps.slack ?? {};
  const person = Object.hasOwn(users, user) ? users[user] : undefined;
  if (person === undefined) {
    const text = `Tidegate does not know who you are: an operator adds ${user} to \`slack.users\` in tidegate.yaml.`;
    throw new Failure('PERMISSION_MISSING', text);
  }
  const principal: Principal = { ...person, mayActFor: false, tokenId: null };
  const row = await rolloutRow(deps, rollout);
  const place = placeOf(row);
  demand(principal, NEEDED[action], place);
  const actor = { ...actorOf(principal, {}, place), through: 'slack' };
  const decision = {
    ...actor,
    reason: null,
    accept: null,
    breakGlass: false,
    seen: { seq: seen },
    requestId,
  };
  const { summary } = await deps.engine.act(row.id, action, decision);
  return { by: actor.by, summary };
}

/** Why nothing was done, and what was decided since the message that the button stands in. */
async function refusalText(
  deps: ServerDeps,
  { user, rollout, action, seen }: Click,
  error: unknown,
): Promise<string> {
  const failure = isFailure(error) ? error : new Failure('INTERNAL', 'Tidegate could not do this.');
  const { status, hint } = FAILURES[failure.code];
  const unsure = failure.code === 'TEMPORAL_UNREACHABLE' || failure.code === 'INTERNAL';
  const head = `${unsure ? 'Not known to be done' : 'Not done'} (${action} ${rollout}): ${failure.message}`;
  const text = `${head}${/[.!?]$/.test(head) ? '' : '.'}`;
  // Whoever is not known to Tidegate has no use for its commands.
  if (!Object.hasOwn(deps.slack?.users ?? {}, user)) return text;
  if (status !== 409) return `${text} ${hint}`;
  const entries = await deps.rollouts.journal(rollout).catch(() => []);
  const since = entries.filter(({ seq, transition }) => seq > seen && transition !== 'note').slice(-LATEST);
  return since.length === 0
    ? `${text} ${hint}`
    : `${text} Since this message: ${since.map(({ summary }) => summary).join(' ')}`;
}

async function post({ slack }: ServerDeps, { answerAt }: Click, answer: object): Promise<void> {
  // It is signed by Slack; still nothing is posted to anybody else.
  if (new URL(answerAt).origin !== slack?.hooks)
    throw new Error(`answers do not go to ${new URL(answerAt).origin}`);
  const response = await fetch(answerAt, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'tidegate' },
    body: JSON.stringify(answer),
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`Slack answers ${response.status}`);
}
