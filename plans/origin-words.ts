import type { Carried, Origin } from './origin.ts';
import { sureText } from './standing-words.ts';

/** One sentence for the journal of the new rollout. */
export function originText(origin: Origin): string {
  const why = origin.reason.replace(/\.$/, '');
  if (origin.kind === 'supersede')
    return `It takes the place of ${origin.of}: ${why}.${evidenceText(origin)}`;
  const changed = origin.changes.length === 0 ? '' : ` Changed since: ${origin.changes.join('; ')}.`;
  const { excluded = [] } = origin;
  const without =
    excluded.length === 0
      ? ''
      : ` Off the canary since ${origin.of}: ${excluded.map(({ name, by, reason }) => `${name} (${by}: ${reason.replace(/\.$/, '')})`).join('; ')}.`;
  return `It retries ${origin.of} from stage ${origin.stage}: ${why}. What stopped ${origin.of}: ${origin.cause}.${changed}${without}${evidenceText(origin)}`;
}

function evidenceText({ carried, anew }: Origin): string {
  if (carried !== undefined) return ` ${carriedText(carried)}`;
  return anew === undefined ? '' : ` ${anew}`;
}

/** `It goes on with the evidence against build B of checkout-3: errors 12 : 1, latency 1 : 3 (54 % of what a stop needs).` */
export function carriedText({ of, build, against, accepted, ...all }: Carried): string {
  const odds = against.map(({ name, lnE }) => `${name} ${oddsText(lnE)}`).join(', ');
  const still = accepted.map(({ name, value, by }) => `${name} up to ${value.toPrecision(3)} (${by})`);
  const taken = still.length === 0 ? '' : ` Accepted of it, and still so: ${still.join(', ')}.`;
  return `It goes on with the evidence against build ${build} of ${of}: ${odds} (${sureText(all)}).${taken}`;
}

/** ln 12 → `12 : 1`, -ln 3 → `1 : 3`. */
function oddsText(lnE: number): string {
  const odds = Math.exp(Math.abs(lnE));
  const text = odds > MOST_ODDS ? `over ${MOST_ODDS}` : String(Number(odds.toPrecision(odds < 10 ? 2 : 3)));
  return lnE < 0 ? `1 : ${text}` : `${text} : 1`;
}

const MOST_ODDS = 1_000_000;

/** The line behind the journal of the earlier one. */
export function successorText(origin: Origin, id: string): string {
  return origin.kind === 'supersede'
    ? `${id} has taken its place.`
    : `${id} retries it from stage ${origin.stage}: ${origin.reason.replace(/\.$/, '')}.`;
}
